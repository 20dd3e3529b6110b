//! Processor architectures, read off instance types.

/// What machine images and instance types must agree on. The names are those of EC2's public image parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// Intel and AMD.
    X86,
    /// AWS Graviton.
    Arm,
}

impl Architecture {
    /// Its name in AWS.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "arm64",
        }
    }

    /// The architecture of an EC2 instance type: Graviton has a `g` after its generation, as `t4g` and `c7gn` do
    /// ("Amazon EC2 instance type naming conventions"); `a1` was the first of them and has none.
    pub fn of(instance_type: &str) -> Self {
        let family = instance_type.split('.').next().unwrap_or_default();
        let series = family.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let options = series.trim_start_matches(|c: char| c.is_ascii_digit());
        if family == "a1" || options.contains('g') { Self::Arm } else { Self::X86 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_instance_types() {
        for arm in
            ["t4g.small", "m6g.large", "c7gn.xlarge", "x2gd.medium", "im4gn.large", "is4gen.large", "g5g.xlarge", "a1.large"]
        {
            assert_eq!(Architecture::of(arm), Architecture::Arm, "{arm}");
        }
        for x86 in ["t3.small", "m7i.large", "c6a.large", "g4dn.xlarge", "g5.xlarge", "u-6tb1.metal", "r5b.large"] {
            assert_eq!(Architecture::of(x86), Architecture::X86, "{x86}");
        }
    }
}
