//! A scope that implies one of another declaration cannot be followed.

countersign::scopes! { pub Read = "read"; }
countersign::scopes! { pub Write = "write" implies Read; }

fn main() {}
