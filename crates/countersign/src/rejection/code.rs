//! The mark of a rejection in a response's extensions.

/// Marks a response as the answer to a rejected request: no handler made it.
///
/// Every such response has it among its extensions. Tests look for it. A layer that knows the request's headers can use
/// it to translate the answer.
///
/// # Example
///
/// ```
/// use axum::response::Response;
/// use countersign::rejection::RejectionCode;
///
/// fn is_rejected(response: &Response) -> bool {
///     response.extensions().get::<RejectionCode>().is_some()
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RejectionCode {
    code: &'static str,
}

impl RejectionCode {
    pub(crate) fn new(code: &'static str) -> Self {
        Self { code }
    }

    /// Returns the stable code of the rejection, such as `missing_token`.
    pub fn code(&self) -> &'static str {
        self.code
    }
}
