//! Where subnets lie in a network.
//!
//! Every zone has fixed slots, whether it is used or not, so that adding a zone renumbers nothing. A network is cut
//! into 16 blocks: the first one, cut into 16 again, holds the public subnets; the following ones are the private
//! subnets, one a zone. What is left over stays free.

use ipnet::Ipv4Net;

/// The largest network AWS has.
pub const LARGEST_PREFIX: u8 = 16;

/// The smallest network whose public subnets, eight bits smaller, are still as large as AWS's smallest, a `/28`.
pub const SMALLEST_PREFIX: u8 = 20;

/// More zones than this no region has.
pub const MOST_ZONES: u8 = 6;

/// The public subnet of a zone, counted from 0. `None` if the network or the zone lies outside the bounds above.
#[must_use]
pub fn public(network: Ipv4Net, zone: u8) -> Option<Ipv4Net> {
    slot(network, 8, u32::from(within(zone)?))
}

/// The private subnet of a zone, counted from 0. `None` if the network or the zone lies outside the bounds above.
#[must_use]
pub fn private(network: Ipv4Net, zone: u8) -> Option<Ipv4Net> {
    slot(network, 4, u32::from(within(zone)?) + 1)
}

/// The letter that a zone's subnets are called after: `a` for the first.
#[must_use]
pub fn letter(zone: u8) -> Option<char> {
    Some(char::from(b'a' + within(zone)?))
}

fn within(zone: u8) -> Option<u8> {
    (zone < MOST_ZONES).then_some(zone)
}

/// The part of a network that is `bits` longer in prefix and the `index`th of its size.
fn slot(network: Ipv4Net, bits: u8, index: u32) -> Option<Ipv4Net> {
    if !(LARGEST_PREFIX..=SMALLEST_PREFIX).contains(&network.prefix_len()) {
        return None;
    }
    let prefix = network.prefix_len() + bits;
    let start = u32::from(network.network()) + (index << (32 - u32::from(prefix)));
    Ipv4Net::new(start.into(), prefix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> Ipv4Net {
        text.parse().unwrap()
    }

    #[test]
    fn slots_of_a_network() {
        let network = net("10.10.0.0/16");
        assert_eq!(public(network, 0), Some(net("10.10.0.0/24")));
        assert_eq!(public(network, 2), Some(net("10.10.2.0/24")));
        assert_eq!(private(network, 0), Some(net("10.10.16.0/20")));
        assert_eq!(private(network, 2), Some(net("10.10.48.0/20")));
        assert_eq!(public(net("10.0.240.0/20"), 1), Some(net("10.0.240.16/28")));
        assert_eq!(private(net("10.0.240.0/20"), 5), Some(net("10.0.246.0/24")));
        assert_eq!((letter(0), letter(5), letter(6)), (Some('a'), Some('f'), None));
    }

    #[test]
    fn subnets_lie_inside_the_network_and_apart_from_each_other() {
        for prefix in LARGEST_PREFIX..=SMALLEST_PREFIX {
            let network = Ipv4Net::new([172, 31, 240, 0].into(), prefix).unwrap().trunc();
            let subnets: Vec<Ipv4Net> =
                (0..MOST_ZONES).flat_map(|zone| [public(network, zone).unwrap(), private(network, zone).unwrap()]).collect();
            for (index, one) in subnets.iter().enumerate() {
                assert!(network.contains(one), "{one} in {network}");
                for other in &subnets[index + 1..] {
                    assert!(!one.contains(other) && !other.contains(one), "{one} and {other}");
                }
            }
        }
    }

    #[test]
    fn nothing_outside_the_bounds() {
        assert_eq!(private(net("10.0.0.0/8"), 0), None);
        assert_eq!(public(net("10.0.0.0/21"), 0), None);
        assert_eq!(public(net("10.0.0.0/16"), MOST_ZONES), None);
    }
}
