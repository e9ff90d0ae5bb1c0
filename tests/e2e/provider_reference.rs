//! `docs/reference/providers.md` says what the presets do.

use countersign_providers::__private::reference;

/// `EXPECTORATE=overwrite` writes it anew.
#[test]
fn the_reference_is_what_the_presets_say() {
    expectorate::assert_contents("../docs/reference/providers.md", &reference());
}
