//! Expected and actual verdicts, and the number of differences.

use crate::Result;
use std::fmt;

/// The rows so far, printed as a table at the end.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    /// Checks that did not run.
    skipped: usize,
}

struct Row {
    /// `false` for the row of an aborted section.
    is_check: bool,
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
    /// Adds one row. An error during the request is an unexpected verdict.
    pub(crate) fn check(
        &mut self,
        provider: &'static str,
        token: impl Into<String>,
        expected: impl Into<String>,
        got: Result<String>,
    ) {
        let got = got.unwrap_or_else(|error| format!("error: {error}"));
        self.rows.push(Row { is_check: true, provider, token: token.into(), expected: expected.into(), got });
    }

    /// Adds the failure of an aborted section, which does not count as a check.
    pub(crate) fn broke_off(&mut self, provider: &'static str, what: impl Into<String>, error: impl fmt::Display) {
        let (token, expected, got) = (what.into(), "no error".to_owned(), format!("error: {error}"));
        self.rows.push(Row { is_check: false, provider, token, expected, got });
    }

    /// Compares the number of a section's checks, which are those after the first `before`, with the expected number.
    pub(crate) fn close_section(&mut self, section: &'static str, before: usize, expected: usize) {
        let ran = self.checks() - before;
        if ran > expected {
            let error = format!("{ran} checks ran: write this number into SECTIONS of src/main.rs");
            self.broke_off(section, format!("(its {expected} checks)"), error);
        } else if ran < expected {
            self.skipped += expected - ran;
            let error = format!("{} did not run", expected - ran);
            self.broke_off(section, format!("(its {expected} checks)"), error);
        }
    }

    /// The checks so far.
    pub(crate) fn checks(&self) -> usize {
        self.rows.iter().filter(|row| row.is_check).count()
    }

    /// `true` if there are checks, all of them passed, and none was skipped.
    pub(crate) fn is_good(&self) -> bool {
        self.failed() == 0 && self.skipped == 0 && self.checks() > 0
    }

    fn failed(&self) -> usize {
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
        writeln!(f, "{} passed, {failed} failed, {} skipped", self.rows.len() - failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report of a section with two checks, with these numbers of passed and failed ones.
    fn closed(passed: usize, failed: usize) -> Report {
        let mut report = Report::default();
        for (times, got) in [(passed, "200"), (failed, "401")] {
            (0..times).for_each(|_| report.check("section", "token", "200", Ok(got.to_owned())));
        }
        report.close_section("section", 0, 2);
        report
    }

    #[test]
    fn a_run_is_good_when_each_check_ran_and_passed() {
        for (passed, failed, is_good, last_line) in [
            (2, 0, true, "2 passed, 0 failed, 0 skipped"),
            (1, 1, false, "1 passed, 1 failed, 0 skipped"),
            (1, 0, false, "1 passed, 1 failed, 1 skipped"),
            (0, 0, false, "0 passed, 1 failed, 2 skipped"),
            (3, 0, false, "3 passed, 1 failed, 0 skipped"),
        ] {
            let report = closed(passed, failed);
            assert_eq!((report.is_good(), report.to_string().lines().last()), (is_good, Some(last_line)));
        }
    }

    #[test]
    fn a_run_of_nothing_is_not_good() {
        assert!(!Report::default().is_good());
    }

    #[test]
    fn what_broke_off_takes_the_place_of_no_check() {
        let mut report = Report::default();
        report.check("section", "token", "200", Ok("200".to_owned()));
        report.broke_off("section", "(a part)", "no luck");
        report.close_section("section", 0, 2);
        assert!(report.to_string().ends_with("1 passed, 2 failed, 1 skipped\n"), "{report}");
    }
}
