//! `docs/reference/providers.md` matches the presets.

use countersign_providers::__private::reference;

/// `EXPECTORATE=overwrite` updates the page.
#[test]
fn the_reference_is_what_the_presets_say() {
    expectorate::assert_contents("../docs/reference/providers.md", &reference());
}
