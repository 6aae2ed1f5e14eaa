//! Recipes for pve.

use crate::recipe::Recipe;

/// In archive order.
pub(super) const RECIPES: &[&Recipe] = &[];
