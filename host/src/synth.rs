//! Invents a country.
