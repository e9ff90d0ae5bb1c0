//! The minimal sets of grants that are sufficient for an operation.

use countersign::requirement::Expr;
use std::collections::BTreeSet;

/// A grant: its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    Scope(String),
    Group(String),
    Role(String),
    Permission(String),
}

/// A set of entitlements and scopes that is sufficient.
pub(crate) type Enough = BTreeSet<Need>;

/// The largest number of sets that are tried.
const MAX_WAYS: usize = 64;

/// Lists the sufficient sets, none of which contains another. Custom requirements count as met.
pub(crate) fn ways(expr: &Expr) -> Vec<Enough> {
    let names = |grant: &countersign::requirement::Grant, need: fn(String) -> Need| {
        grant.names().map(|name| Enough::from([need(name.to_string())])).collect()
    };
    let ways: Vec<Enough> = match expr {
        Expr::Scope(grant) => names(grant, Need::Scope),
        Expr::Group(grant) => names(grant, Need::Group),
        Expr::Role(grant) => names(grant, Need::Role),
        Expr::Permission(grant) => names(grant, Need::Permission),
        Expr::Any(parts) => parts.iter().flat_map(ways).collect(),
        Expr::All(parts) => parts.iter().fold(vec![Enough::new()], |ways_so_far, part| {
            let more = ways(part);
            let both = ways_so_far.iter().flat_map(|way| more.iter().map(move |more| way | more));
            both.take(MAX_WAYS).collect()
        }),
        _ => vec![Enough::new()],
    };
    let is_minimal = |way: &&Enough| !ways.iter().any(|other| other != *way && other.is_subset(way));
    let minimal: BTreeSet<Enough> = ways.iter().filter(is_minimal).cloned().collect();
    minimal.into_iter().take(MAX_WAYS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn just_enough_is_minimal() {
        let (a, b, g) = (Expr::scope("a"), Expr::scope("b"), Expr::group("g"));
        let (need_a, need_b, need_g) = (Need::Scope("a".into()), Need::Scope("b".into()), Need::Group("g".into()));
        let either = Expr::Any(vec![a.clone(), Expr::All(vec![b.clone(), g.clone()])]);
        assert_eq!(ways(&either), [Enough::from([need_a.clone()]), Enough::from([need_b, need_g])]);
        let absorbed = Expr::Any(vec![Expr::All(vec![a.clone(), g]), a]);
        assert_eq!(ways(&absorbed), [Enough::from([need_a])]);
        assert_eq!(ways(&Expr::Authenticated), [Enough::new()]);
    }
}
