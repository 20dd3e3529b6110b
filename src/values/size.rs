//! Sizes of images as people read them.

/// In MiB, as specs have GiB; no image is so large that people would not compare these.
pub fn size(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / (1 << 20);
    match tenths {
        0 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        1..100 => format!("{}.{} MiB", tenths / 10, tenths % 10),
        _ => format!("{} MiB", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_as_exact_as_people_care() {
        let mib = |tenths: u64| size(tenths * (1 << 20) / 10);
        assert_eq!([size(0), size(1), size(50_000)], ["0 KiB", "1 KiB", "49 KiB"]);
        assert_eq!([mib(15), mib(105), mib(18_240)], ["1.5 MiB", "10 MiB", "1824 MiB"]);
    }
}
