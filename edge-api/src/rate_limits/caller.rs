//! Where a request comes from. **A header is believed only where a setting says that proxies of
//! ours wrote it**: whoever may choose their own address has no limit.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;

use crate::app::App;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Who holds the other end of the connection; an extension of each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The address that a request counts as coming from. Of IPv6 it is the network of 64 bits, which
/// one household or one server has as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Caller(pub(super) IpAddr);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        let own = parts.extensions.get::<Peer>().map(|Peer(address)| *address);
        let of_axum = || parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        // Where nobody says who they are, all are one.
        let peer = own.or_else(of_axum).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let proxies = usize::from(app.options.trusted_proxies);
        let client = forwarded(&parts.headers, proxies).unwrap_or(peer);
        Ok(Self(network(client)))
    }
}

/// What the outermost of so many trusted proxies wrote: each adds whom it was asked by at the
/// end. None without proxies, without the header, and if what stands there is no address.
fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    if proxies == 0 {
        return None;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter();
    let lines: Vec<&str> = lines.map(|line| line.to_str().unwrap_or("")).collect();
    let entries: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
    // Fewer entries than proxies: the first one is the farthest that is known.
    let entry = entries.get(entries.len().saturating_sub(proxies))?.trim();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    entry.parse().ok().or_else(with_port)
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let host_bits = u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !host_bits))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_what_trusted_proxies_wrote_is_believed() {
        let check = |lines: &[&'static str], proxies: usize, expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
            }
            assert_eq!(forwarded(&headers, proxies), expected.map(address), "{lines:?} {proxies}");
        };
        check(&["1.2.3.4"], 0, None);
        check(&["1.2.3.4"], 1, Some("1.2.3.4"));
        // What stands in front was sent by the client itself.
        check(&["6.6.6.6, 1.2.3.4"], 1, Some("1.2.3.4"));
        check(&["6.6.6.6", "1.2.3.4"], 1, Some("1.2.3.4"));
        check(&["6.6.6.6, 1.2.3.4, 10.0.0.1"], 2, Some("1.2.3.4"));
        check(&["1.2.3.4"], 2, Some("1.2.3.4"));
        check(&["1.2.3.4:5678"], 1, Some("1.2.3.4"));
        check(&["[2001:db8::1]:5678"], 1, Some("2001:db8::1"));
        check(&["6.6.6.6, unknown"], 1, None);
        check(&["6.6.6.6,"], 1, None);
        check(&[], 1, None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller() {
        assert_eq!(network(address("2001:db8:1:2:a:b:c:d")), address("2001:db8:1:2::"));
        assert_eq!(network(address("2001:db8:1:3::1")), address("2001:db8:1:3::"));
        assert_eq!(network(address("::ffff:1.2.3.4")), address("1.2.3.4"));
        assert_eq!(network(address("1.2.3.4")), address("1.2.3.4"));
    }
}
