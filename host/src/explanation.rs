//! Says why, and how far from the cut.
