//! Scenarios that need the built program or a whole tree.
