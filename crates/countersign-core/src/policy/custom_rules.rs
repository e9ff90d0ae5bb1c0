//! Custom rules of the application for tokens of one issuer. They run after every rule of the pipeline.

use crate::error::{Dependency, TokenError, Unavailable, VerifyError};
use crate::keys::fetch::BoxFuture;
use crate::verified::token::VerifiedToken;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// The deadline of all asynchronous rules together.
const DEADLINE: Duration = Duration::from_secs(2);

type Rule = dyn Fn(&VerifiedToken) -> Result<(), TokenError> + Send + Sync;
type WaitingRule = dyn Fn(VerifiedToken) -> BoxFuture<'static, Result<(), VerifyError>> + Send + Sync;

/// Custom rules of the application: see [`Issuer::validate`](crate::Issuer::validate) and
/// [`Issuer::validate_async`](crate::Issuer::validate_async), which add to them.
///
/// # Example
///
/// ```
/// use countersign_core::Rules;
///
/// let rules = Rules::default().and(|token| {
///     if token.principal().is_machine() { Err("no_machines".into()) } else { Ok(()) }
/// });
/// # let _ = rules;
/// ```
#[derive(Clone, Default)]
pub struct Rules {
    rules: Vec<Arc<Rule>>,
    waiting: Vec<Arc<WaitingRule>>,
}

impl Rules {
    /// Adds a rule.
    #[must_use]
    pub fn and(mut self, rule: impl Fn(&VerifiedToken) -> Result<(), TokenError> + Send + Sync + 'static) -> Self {
        self.rules.push(Arc::new(rule));
        self
    }

    /// Adds an asynchronous rule. It runs after all others.
    #[must_use]
    pub fn and_async<F, A>(mut self, rule: F) -> Self
    where
        F: Fn(VerifiedToken) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), VerifyError>> + Send + 'static,
    {
        self.waiting.push(Arc::new(move |token| Box::pin(rule(token))));
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.waiting.is_empty()
    }

    /// True if there are asynchronous rules.
    pub(crate) fn wait(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(crate) fn check(&self, token: &VerifiedToken) -> Result<(), TokenError> {
        self.rules.iter().try_for_each(|rule| rule(token))
    }

    /// Runs the asynchronous rules, one after the other.
    pub(crate) async fn check_waiting(&self, token: &VerifiedToken) -> Result<(), VerifyError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let check = async {
            for rule in &self.waiting {
                rule(token.clone()).await?;
            }
            Ok(())
        };
        let no_answer = Unavailable { retry_after: Duration::from_secs(1), dependency: Dependency::Rule };
        timeout(DEADLINE, check).await.unwrap_or(Err(no_answer.into()))
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("rules", &self.rules.len()).field("waiting", &self.waiting.len()).finish()
    }
}
