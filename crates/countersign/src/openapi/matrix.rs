//! The auth matrix: every operation and who may call it, made for review.

use crate::access::Access;
use crate::openapi::extension;
use crate::openapi::operation::operations;
use serde_json::{Value, json};
use std::fmt::Write as _;
use utoipa::openapi::OpenApi;

/// Every operation of a router and who may call it, in the order of paths and methods.
///
/// Keep one of its forms as a golden file: then no guard changes without being seen in review.
///
/// # Example
///
/// ```
/// use countersign::{GuardedRouter, RequireGroups, Verifier};
///
/// countersign::groups! { pub Admin = "admin"; }
///
/// #[utoipa::path(get, path = "/admin")]
/// async fn admin(_: RequireGroups<Admin>) {}
///
/// let router = GuardedRouter::<Verifier>::new().routes(countersign::routes!(admin));
/// assert_eq!(router.matrix().to_text(), "GET  /admin  group `admin`\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    rows: Vec<MatrixRow>,
}

/// One operation and who may call it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MatrixRow {
    /// The path, as axum writes it.
    pub path: String,
    /// The method, in capitals.
    pub method: String,
    /// The access that is enforced.
    pub access: Access,
    /// True if the OpenAPI document has it.
    pub documented: bool,
}

impl Matrix {
    /// The claims of a document, such as that of an `OpenApiRouter`: for each operation its extension `x-access`. An
    /// operation without one, or with one that cannot be read, is undecided.
    ///
    /// # Security
    ///
    /// This matrix does not show the enforcement. An edit of the document changes it, and it lacks routes without a
    /// document. Try it against the app with `AccessTest` of `countersign-testing`, or take the matrix of a
    /// [`GuardedRouter`](crate::GuardedRouter), which reads no document.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign::openapi::Matrix;
    /// use countersign::{RequireGroups, Verifier};
    /// use utoipa_axum::router::OpenApiRouter;
    ///
    /// countersign::groups! { pub Admin = "admin"; }
    ///
    /// #[utoipa::path(get, path = "/admin")]
    /// async fn admin(_: RequireGroups<Admin>) {}
    ///
    /// let router = OpenApiRouter::<Verifier>::new().routes(countersign::routes!(admin).into());
    /// assert_eq!(Matrix::claimed_by(router.get_openapi()).to_text(), "GET  /admin  group `admin`\n");
    /// ```
    pub fn claimed_by(openapi: &OpenApi) -> Self {
        let mut paths = openapi.paths.clone();
        let rows = paths.paths.iter_mut().flat_map(|(path, item)| {
            operations(item)
                .map(|(method, operation)| MatrixRow {
                    path: path.clone(),
                    method: method.to_owned(),
                    access: extension::claimed(operation),
                    documented: true,
                })
                .collect::<Vec<_>>()
        });
        Self::new(rows)
    }

    pub(crate) fn new(rows: impl IntoIterator<Item = MatrixRow>) -> Self {
        let mut rows: Vec<MatrixRow> = rows.into_iter().collect();
        rows.sort_by(|left, right| (&left.path, &left.method).cmp(&(&right.path, &right.method)));
        Self { rows }
    }

    /// The rows.
    pub fn rows(&self) -> &[MatrixRow] {
        &self.rows
    }

    /// Formats the matrix as plain text, in columns.
    pub fn to_text(&self) -> String {
        let width = |column: fn(&MatrixRow) -> &str| self.rows.iter().map(|row| column(row).len()).max().unwrap_or(0);
        let (methods, paths) = (width(|row| &row.method), width(|row| &row.path));
        self.rows.iter().fold(String::new(), |mut text, MatrixRow { path, method, access, documented }| {
            let note = if *documented { "" } else { "  (undocumented)" };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{method:methods$}  {path:paths$}  {access}{note}");
            text
        })
    }

    /// Formats the matrix as a table in Markdown.
    pub fn to_markdown(&self) -> String {
        let head = "| method | path | who may call it | documented |\n|---|---|---|---|\n".to_owned();
        self.rows.iter().fold(head, |mut text, MatrixRow { path, method, access, documented }| {
            let access = access.to_string().replace('|', "\\|");
            let documented = if *documented { "yes" } else { "no" };
            let _ = writeln!(text, "| {method} | `{path}` | {access} | {documented} |");
            text
        })
    }

    /// Formats the matrix as JSON: an array of objects with `method`, `path`, `access` (as the extension `x-access` of
    /// the document) and `documented`.
    pub fn to_json(&self) -> Value {
        let row = |MatrixRow { path, method, access, documented }: &MatrixRow| json!({ "method": method, "path": path, "access": extension::to_json(access), "documented": documented });
        self.rows.iter().map(row).collect()
    }
}
