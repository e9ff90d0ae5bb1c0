//! A scope cannot imply a scope of another declaration.

countersign::scopes! { pub Read = "read"; }
countersign::scopes! { pub Write = "write" implies Read; }

fn main() {}
