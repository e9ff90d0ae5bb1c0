//! `routes!`: handlers for utoipa's router, documented from the types of their arguments.
//!
//! A trait implemented for functions of each length of argument list gives a tuple of probes, one for each argument.
//! In the macro, where the types are concrete, method resolution prefers the description of an argument that has one
//! ([`ViaDescription`]) over the fall-back for every other type ([`ViaNothing`]), which needs one reference more.

use crate::access::{Access, DescribeAccess};
use crate::openapi::document;
use std::fmt;
use std::marker::PhantomData;
use utoipa_axum::router::UtoipaMethodRouter;

/// Collects handlers for `utoipa_axum::router::OpenApiRouter::routes`, as `utoipa_axum::routes!` does, and writes into
/// each operation what its handler's arguments enforce: `security`, the answers 401 and 403, and a line of description.
///
/// # Example
///
/// ```
/// use countersign::{RequireGroups, Verifier};
/// use utoipa_axum::router::OpenApiRouter;
///
/// countersign::groups! { pub Admin = "admin"; }
///
/// #[utoipa::path(get, path = "/admin")]
/// async fn admin(_: RequireGroups<Admin>) {}
///
/// let router: OpenApiRouter<Verifier> = OpenApiRouter::new().routes(countersign::routes!(admin));
/// let json = router.get_openapi().to_json()?;
/// assert!(json.contains("Requires group `admin`."));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! routes {
    ($handler:path $(, $more:path)* $(,)?) => {{
        let routes = $crate::__routes!($handler);
        $( let routes = $crate::__private::merge(routes, $crate::__routes!($more)); )*
        routes
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __routes {
    ($handler:path) => {{
        #[allow(unused_imports)]
        use $crate::__private::{ViaDescription as _, ViaNothing as _};
        let probes = $crate::__private::probes(&$handler);
        let access = $crate::Access::Open
            .and((&probes.0).access())
            .and((&probes.1).access())
            .and((&probes.2).access())
            .and((&probes.3).access())
            .and((&probes.4).access())
            .and((&probes.5).access())
            .and((&probes.6).access())
            .and((&probes.7).access())
            .and((&probes.8).access())
            .and((&probes.9).access())
            .and((&probes.10).access())
            .and((&probes.11).access())
            .and((&probes.12).access())
            .and((&probes.13).access())
            .and((&probes.14).access())
            .and((&probes.15).access());
        $crate::__private::documented($crate::__private::utoipa_axum::routes!($handler), &access)
    }};
}

/// A handler whose argument types can be read.
#[diagnostic::on_unimplemented(
    message = "`routes!` cannot read the arguments of `{Self}`",
    label = "not an `async fn` of at most 16 arguments with concrete types",
    note = "write the handler as a plain `async fn`; for a generic one name its types (`handler::<Reports>`), or guard \
            its route instead of its arguments"
)]
pub trait HandlerArguments<Arguments> {
    /// One [`Probe`] for each argument, padded to 16.
    type Probes;

    /// The probes.
    fn probes(&self) -> Self::Probes;
}

/// Stands for an argument of the type `A`.
pub struct Probe<A>(PhantomData<fn() -> A>);

impl<A> Probe<A> {
    const NEW: Self = Self(PhantomData);
}

impl<A> fmt::Debug for Probe<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

/// For arguments that say who they let in.
pub trait ViaDescription {
    /// Who is let in.
    fn access(&self) -> Access;
}

impl<A: DescribeAccess> ViaDescription for Probe<A> {
    fn access(&self) -> Access {
        A::describe_access()
    }
}

/// For every other argument: it lets everybody in.
pub trait ViaNothing {
    /// Who is let in.
    fn access(&self) -> Access;
}

impl<A> ViaNothing for &Probe<A> {
    fn access(&self) -> Access {
        Access::Open
    }
}

/// The probes of a handler's arguments.
pub fn probes<Arguments, H: HandlerArguments<Arguments>>(handler: &H) -> H::Probes {
    handler.probes()
}

/// Writes `access` into the operations of one handler.
pub fn documented<S>(
    (mut schemas, mut paths, methods): UtoipaMethodRouter<S>,
    access: &Access,
) -> UtoipaMethodRouter<S> {
    document(&mut schemas, &mut paths, access);
    (schemas, paths, methods)
}

/// Puts two handlers of one path together.
pub fn merge<S: Clone + Send + Sync + 'static>(
    (mut schemas, mut paths, methods): UtoipaMethodRouter<S>,
    (more_schemas, more_paths, more_methods): UtoipaMethodRouter<S>,
) -> UtoipaMethodRouter<S> {
    schemas.extend(more_schemas);
    paths.merge(more_paths);
    (schemas, paths, methods.merge(more_methods))
}

macro_rules! readable {
    ([$($argument:ident)*] [$($padding:ident)*]) => {
        impl<H, Output, $($argument),*> HandlerArguments<($($argument,)*)> for H
        where
            H: Fn($($argument),*) -> Output,
        {
            type Probes = ($(Probe<$argument>,)* $(Probe<$padding>,)*);

            fn probes(&self) -> Self::Probes {
                ($(Probe::<$argument>::NEW,)* $(Probe::<$padding>::NEW,)*)
            }
        }
    };
}

type No = ();

readable!([] [No No No No No No No No No No No No No No No No]);
readable!([A1] [No No No No No No No No No No No No No No No]);
readable!([A1 A2] [No No No No No No No No No No No No No No]);
readable!([A1 A2 A3] [No No No No No No No No No No No No No]);
readable!([A1 A2 A3 A4] [No No No No No No No No No No No No]);
readable!([A1 A2 A3 A4 A5] [No No No No No No No No No No No]);
readable!([A1 A2 A3 A4 A5 A6] [No No No No No No No No No No]);
readable!([A1 A2 A3 A4 A5 A6 A7] [No No No No No No No No No]);
readable!([A1 A2 A3 A4 A5 A6 A7 A8] [No No No No No No No No]);
readable!([A1 A2 A3 A4 A5 A6 A7 A8 A9] [No No No No No No No]);
readable!([A1 A2 A3 A4 A5 A6 A7 A8 A9 A10] [No No No No No No]);
readable!([A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11] [No No No No No]);
readable!([A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12] [No No No No]);
readable!([A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13] [No No No]);
readable!([A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14] [No No]);
readable!([A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15] [No]);
readable!([A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16] []);
