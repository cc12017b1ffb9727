//! Which addresses a request may go to.
//!
//! An address that came through the API may name anything, also a host of our own network. It is
//! judged by what it resolves to, on every connection, because a name may resolve differently the
//! next time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses a request may go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Any: the operator configured the address.
    Trusted,
    /// Only https, and only hosts of the public Internet: the address came through the API.
    PublicOnly,
}

impl Reach {
    /// Whether a connection may go there.
    pub(super) fn allows(self, ip: IpAddr) -> bool {
        match (self, ip) {
            (Reach::Trusted, _) => true,
            (Reach::PublicOnly, IpAddr::V4(ip)) => is_public_v4(ip),
            (Reach::PublicOnly, IpAddr::V6(ip)) => is_public_v6(ip),
        }
    }
}

/// Blocks that are not global, and multicast:
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>.
const NOT_PUBLIC_V4: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// Blocks inside the global unicast range that are special: protocol assignments with Teredo,
/// documentation, 6to4: <https://www.iana.org/assignments/iana-ipv6-special-registry>.
const NOT_PUBLIC_V6: [([u16; 2], u32); 4] = [
    ([0x2001, 0], 23),
    ([0x2001, 0xdb8], 32),
    ([0x2002, 0], 16),
    ([0x3fff, 0], 20),
];

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let inside = |&(block, bits): &([u8; 4], u32)| {
        (u32::from(ip) ^ u32::from(Ipv4Addr::from(block))) >> (32 - bits) == 0
    };
    !NOT_PUBLIC_V4.iter().any(inside)
}

/// Global unicast is 2000::/3 (RFC 4291, 2.4). What lies outside is loopback, unspecified,
/// mapped, unique-local, link-local or multicast; of it only NAT64 (RFC 6052) leads to public
/// hosts, and is judged by the address it translates to.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    if [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let v4 = (u32::from(g) << 16) | u32::from(h);
        return is_public_v4(Ipv4Addr::from(v4));
    }
    let head = (u32::from(a) << 16) | u32::from(b);
    let inside = |&([x, y], bits): &([u16; 2], u32)| {
        (head ^ ((u32::from(x) << 16) | u32::from(y))) >> (32 - bits) == 0
    };
    a >> 13 == 1 && !NOT_PUBLIC_V6.iter().any(inside)
}
