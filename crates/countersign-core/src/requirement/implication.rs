//! Checks of the marker macros at compile time: valid names, and the names that imply others.

/// One line of a declaration.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// The name.
    pub name: &'static str,
    /// The names that it implies directly.
    pub implies: &'static [&'static str],
}

/// True if a token can carry the name.
pub const fn is_name(name: &str) -> bool {
    !name.is_empty()
}

/// RFC 6749 section 3.3: a scope token.
pub const fn is_scope_token(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        if !matches!(bytes[index], 0x21 | 0x23..=0x5b | 0x5d..=0x7e) {
            return false;
        }
        index += 1;
    }
    is_name(name)
}

/// The names that imply `target` directly or through other names, in the order of the declaration, and their number.
pub const fn implied_by<const N: usize>(target: &str, declarations: &[Declaration]) -> ([&'static str; N], usize) {
    let mut implied = [false; N];
    // Each round follows one more step. No chain is longer than the list.
    let mut round = 0;
    while round < N {
        let mut index = 0;
        while index < N {
            let mut step = 0;
            while step < declarations[index].implies.len() {
                let next = declarations[index].implies[step];
                if is_equal(next, target) || reaches(next, declarations, &implied) {
                    implied[index] = true;
                }
                step += 1;
            }
            index += 1;
        }
        round += 1;
    }
    let mut names = [""; N];
    let mut count = 0;
    let mut index = 0;
    while index < N {
        if implied[index] && !is_equal(declarations[index].name, target) {
            names[count] = declarations[index].name;
            count += 1;
        }
        index += 1;
    }
    (names, count)
}

/// True if `name` is declared and marked. A name that is not declared here is a compile error.
const fn reaches(name: &str, declarations: &[Declaration], marked: &[bool]) -> bool {
    let mut index = 0;
    while index < declarations.len() {
        if is_equal(declarations[index].name, name) {
            return marked[index];
        }
        index += 1;
    }
    panic!("`implies` names a marker of another declaration: put both into one")
}

const fn is_equal(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}
