//! The machine: for reading after it has burnt.

use crate::recipe::shorthand::{attempt, installed};
use crate::recipe::{Category, Product, Recipe, WayBack, When};

pub(super) const HARDWARE: Recipe = Recipe {
    id: "system-hardware",
    title: "Hardware and disks",
    product: Product::System,
    category: Category::Info,
    switch: None,
    when: When::Always,
    items: &[
        installed(&["lscpu"], "lscpu.txt"),
        installed(&["free", "-h"], "free.txt"),
        installed(&["lsblk", "-f"], "lsblk.txt"),
        installed(&["lsblk", "-J", "-O"], "lsblk.json"),
        // Exit code 2 when no device carries anything it knows.
        attempt(&["blkid"], "blkid.txt"),
        attempt(&["lspci", "-v"], "lspci.txt"),
        attempt(&["lsusb"], "lsusb.txt"),
        // These need real hardware and the right to look at it.
        attempt(&["dmidecode"], "dmidecode.txt"),
        attempt(&["sensors"], "sensors.txt"),
        attempt(&["smartctl", "--scan"], "smartctl_scan.txt"),
    ],
    secrets: &[],
    way_back: WayBack::Export,
};
