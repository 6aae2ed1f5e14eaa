//! The plan as text: what `backup --dry-run` prints.

use std::collections::BTreeSet;
use std::fmt;

use super::{BackupPlan, Reason, SourceKind};
use crate::pattern::Pattern;
use crate::recipe::catalog;

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProductAbsent(product) => {
                write!(f, "{} is not installed", product.to_uppercase())
            }
            Self::SwitchedOff(key) => write!(f, "{key} is off"),
            Self::NotClustered => f.write_str("not a member of a cluster"),
            Self::PathAbsent(path) => write!(f, "{path} does not exist"),
            Self::NotRunning(count) => {
                write!(f, "{count} commands: the root is not the running machine")
            }
        }
    }
}

impl fmt::Display for BackupPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in &self.recipes {
            let title = catalog().find(|recipe| recipe.id == *id).map_or("Custom paths", |recipe| recipe.title);
            writeln!(f, "  + {id:<24} {title}")?;
            for source in self.sources.iter().filter(|source| source.recipe == *id) {
                match &source.kind {
                    SourceKind::Path(path) => writeln!(f, "      {}", path.display())?,
                    SourceKind::Glob(pattern) => writeln!(f, "      {pattern}")?,
                    SourceKind::Database(path) => {
                        writeln!(f, "      {} (database copy)", path.display())?;
                    }
                    SourceKind::Inventory { what, name, .. } => {
                        let blank = if name.is_empty() { "" } else { ": " };
                        writeln!(f, "      {}{blank}{name}", what.describe())?;
                    }
                    SourceKind::Sample { choice, name } => writeln!(f, "      {}: {name}", choice.what.describe())?,
                    SourceKind::Derived(what) => writeln!(f, "      {}", what.describe())?,
                }
            }
            for command in self.commands.iter().filter(|command| command.recipe == *id) {
                writeln!(f, "      $ {}", command.argv.join(" "))?;
            }
        }
        for left_out in &self.left_out {
            writeln!(f, "  - {:<24} {}", left_out.recipe, left_out.reason)?;
        }
        if !self.excludes.is_empty() {
            writeln!(f, "  never:")?;
            // Several settings may name one place.
            let never: BTreeSet<&str> = self.excludes.iter().map(Pattern::as_str).collect();
            never.into_iter().try_for_each(|pattern| writeln!(f, "      {pattern}"))?;
        }
        Ok(())
    }
}
