//! What the system says of this process: peak memory and bytes read. A measure for
//! people; 0 where the system does not say.

/// Peak resident memory in megabytes.
pub(crate) fn peak_mb() -> u64 {
    field("/proc/self/status", "VmHWM:") / 1024
}

/// Bytes read through system calls since the process began.
pub(crate) fn read_bytes() -> u64 {
    field("/proc/self/io", "rchar:")
}

/// Lets the peak begin again at what is held now.
pub(crate) fn forget_peak() {
    // where it cannot be reset, the peak of all phases stands for each
    let _unsupported = std::fs::write("/proc/self/clear_refs", "5");
}

fn field(path: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
