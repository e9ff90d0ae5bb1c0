//! What was expected, what came, and how many of them differ.

use crate::Result;
use std::fmt;

/// The rows so far, printed as a table at the end.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    provider: &'static str,
    token: String,
    expected: String,
    got: String,
}

impl Row {
    fn passed(&self) -> bool {
        self.expected == self.got
    }

    fn cells(&self) -> [&str; 4] {
        [self.provider, &self.token, &self.expected, &self.got]
    }
}

impl Report {
    /// Adds one row. An error while asking for the verdict is a verdict that nobody expects.
    pub(crate) fn check(
        &mut self,
        provider: &'static str,
        token: impl Into<String>,
        expected: impl Into<String>,
        got: Result<String>,
    ) {
        let got = got.unwrap_or_else(|error| format!("error: {error}"));
        self.rows.push(Row { provider, token: token.into(), expected: expected.into(), got });
    }

    pub(crate) fn failed(&self) -> usize {
        self.rows.iter().filter(|row| !row.passed()).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEAD: [&str; 4] = ["provider", "token", "verdict expected", "verdict got"];
        let mut width = HEAD.map(str::len);
        for row in &self.rows {
            for (width, cell) in width.iter_mut().zip(row.cells()).take(3) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut line = |cells: [&str; 4], mark: &str| {
            let [provider, token, expected, got] = cells;
            let [a, b, c, _] = width;
            writeln!(f, "{provider:a$} | {token:b$} | {expected:c$} | {got}{mark}")
        };
        line(HEAD, "")?;
        for row in &self.rows {
            line(row.cells(), if row.passed() { "" } else { "   <-- FAILED" })?;
        }
        let failed = self.failed();
        writeln!(f, "{} passed, {failed} failed", self.rows.len() - failed)
    }
}
