//! The arguments of a handler, read for `routes!` and `route!`.
//!
//! A trait implemented for functions of each length of argument list gives a tuple of probes, one for each argument.
//! In the macro, where the types are concrete, method resolution takes references off one by one and so prefers the
//! description of an argument that has one ([`ViaDescription`]) over the knowledge that it is harmless
//! ([`ViaNeverRejects`]), and that over the fall-back for every other type ([`ViaNothing`]).

use crate::access::{Access, Combine, DescribeAccess, Unspecified};
use crate::openapi::route::Route;
use crate::openapi::routes::Routes;
use crate::verifier::state::HasVerifier;
use axum::routing::MethodRouter;
use std::fmt;
use std::marker::PhantomData;
use utoipa_axum::router::UtoipaMethodRouter;

#[doc(hidden)]
#[macro_export]
macro_rules! __gathered {
    ($($handler:tt)+) => {{
        #[allow(unused_imports)]
        use $crate::__private::{ViaDescription as _, ViaNeverRejects as _, ViaNothing as _};
        let gathered = $crate::__private::HandlerAccess::new(::core::stringify!($($handler)+));
        let probes = $crate::__handler_without_type_parameters!($($handler)+);
        let gathered = (&&&probes.0).add_to(gathered);
        let gathered = (&&&probes.1).add_to(gathered);
        let gathered = (&&&probes.2).add_to(gathered);
        let gathered = (&&&probes.3).add_to(gathered);
        let gathered = (&&&probes.4).add_to(gathered);
        let gathered = (&&&probes.5).add_to(gathered);
        let gathered = (&&&probes.6).add_to(gathered);
        let gathered = (&&&probes.7).add_to(gathered);
        let gathered = (&&&probes.8).add_to(gathered);
        let gathered = (&&&probes.9).add_to(gathered);
        let gathered = (&&&probes.10).add_to(gathered);
        let gathered = (&&&probes.11).add_to(gathered);
        let gathered = (&&&probes.12).add_to(gathered);
        let gathered = (&&&probes.13).add_to(gathered);
        let gathered = (&&&probes.14).add_to(gathered);
        let gathered = (&&&probes.15).add_to(gathered);
        gathered
    }};
}

/// A macro for its name alone: the compiler names it when it cannot infer the types of a generic handler.
#[doc(hidden)]
#[macro_export]
macro_rules! __handler_without_type_parameters {
    ($($handler:tt)+) => {
        $crate::__private::probes(&$($handler)+)
    };
}

/// A handler whose argument types can be read.
#[diagnostic::on_unimplemented(
    message = "`routes!` cannot read the arguments of `{Self}`",
    label = "not an `async fn` of at most 16 arguments with concrete types",
    note = "write the handler as a plain `async fn` with concrete types, or register it with `.route(..)`"
)]
pub trait HandlerArguments<Arguments> {
    /// One [`Probe`] for each argument, padded to 16.
    type Probes;

    /// The probes.
    fn probes(&self) -> Self::Probes;
}

/// Represents an argument of the type `A`.
pub struct Probe<A>(PhantomData<fn() -> A>);

impl<A> Probe<A> {
    const NEW: Self = Self(PhantomData);
}

impl<A> fmt::Debug for Probe<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

/// The access that the arguments of one handler require, for the state `S`. `C` tells if a caller is required or
/// optional.
#[derive(Debug)]
pub struct HandlerAccess<S, C> {
    handler: &'static str,
    access: Access,
    /// True after an argument that can reject a request.
    can_refuse: bool,
    /// True when an argument looks at a token, whether or not it demands one.
    reads_token: bool,
    said: PhantomData<fn() -> (S, C)>,
}

impl<S> HandlerAccess<S, Unspecified> {
    /// Nothing yet of this handler.
    pub fn new(handler: &'static str) -> Self {
        Self { handler, access: Access::Undecided, can_refuse: false, reads_token: false, said: PhantomData }
    }
}

impl<S, C> HandlerAccess<S, C> {
    fn add<More>(self, access: Access) -> HandlerAccess<S, C::Output>
    where
        C: Combine<More>,
    {
        if self.can_refuse && matches!(access, Access::Required(_)) {
            tracing::warn!(
                target: "countersign::routes",
                handler = self.handler,
                "a fallible extractor runs before the guard and can leak information to unauthenticated callers: move the \
                 guard to the front, or guard the route"
            );
        }
        let Self { handler, can_refuse, .. } = self;
        HandlerAccess { handler, access: self.access.and(access), can_refuse, reads_token: true, said: PhantomData }
    }

    /// A route without a document.
    pub fn into_route(self, method: &str, methods: MethodRouter<S>) -> Route<S> {
        Route::new(method, self.access, self.reads_token, methods)
    }

    /// Adds the gathered access to the operations of the handler.
    pub fn document(self, routes: UtoipaMethodRouter<S>) -> Routes<S> {
        Routes::new(routes, &self.access, self.reads_token)
    }
}

/// Reads arguments that describe their access.
pub trait ViaDescription<More> {
    /// Adds what the argument demands. That the state must hold a verifier is said here, outside of axum's `Handler`,
    /// so that the compiler's message is ours.
    fn add_to<S, C>(&self, gathered: HandlerAccess<S, C>) -> HandlerAccess<S, C::Output>
    where
        S: HasVerifier,
        C: Combine<More>;
}

impl<A: DescribeAccess> ViaDescription<A::Caller> for &&Probe<A> {
    fn add_to<S, C>(&self, gathered: HandlerAccess<S, C>) -> HandlerAccess<S, C::Output>
    where
        S: HasVerifier,
        C: Combine<A::Caller>,
    {
        gathered.add(A::describe_access())
    }
}

/// Reads arguments that never reject a request.
pub trait ViaNeverRejects {
    /// Adds nothing.
    fn add_to<S, C>(&self, gathered: HandlerAccess<S, C>) -> HandlerAccess<S, C>;
}

impl<A: NeverRejects> ViaNeverRejects for &Probe<A> {
    fn add_to<S, C>(&self, gathered: HandlerAccess<S, C>) -> HandlerAccess<S, C> {
        gathered
    }
}

/// Reads every other argument: it may reject a request for reasons of its own.
pub trait ViaNothing {
    /// Adds that it can refuse.
    fn add_to<S, C>(&self, gathered: HandlerAccess<S, C>) -> HandlerAccess<S, C>;
}

impl<A> ViaNothing for Probe<A> {
    fn add_to<S, C>(&self, gathered: HandlerAccess<S, C>) -> HandlerAccess<S, C> {
        HandlerAccess { can_refuse: true, ..gathered }
    }
}

/// Arguments that never refuse a request.
pub trait NeverRejects {}

impl NeverRejects for () {}
impl NeverRejects for http::Method {}
impl NeverRejects for http::Uri {}
impl NeverRejects for http::Version {}
impl NeverRejects for http::HeaderMap {}
impl NeverRejects for http::request::Parts {}
impl NeverRejects for axum::extract::OriginalUri {}
impl NeverRejects for axum::extract::RawQuery {}
impl<T> NeverRejects for axum::extract::State<T> {}
impl<T, E> NeverRejects for Result<T, E> {}

/// The probes of a handler's arguments.
pub fn probes<Arguments, H: HandlerArguments<Arguments>>(handler: &H) -> H::Probes {
    handler.probes()
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
