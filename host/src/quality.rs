//! Tests on the registry that return failing rows.
