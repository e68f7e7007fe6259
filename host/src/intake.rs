//! Reads an extract through its source mapping.
