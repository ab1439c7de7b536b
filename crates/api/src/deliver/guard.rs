//! Where events may be sent. Whoever registers an address chooses what this server connects to, so it must not be led
//! into the network that the server stands in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url};

/// How long one attempt may take from beginning to end; shorter than a claim holds.
const ATTEMPT: std::time::Duration = std::time::Duration::from_secs(10);
/// How long a connection may take of it.
const CONNECT: std::time::Duration = std::time::Duration::from_secs(5);

/// Reads the address of a receiver: `https`, on a sandbox also `http` on this machine; never into a private network,
/// except on a sandbox.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn destination(text: &str, sandbox: bool) -> Result<Url, &'static str> {
    let url: Url = text.parse().map_err(|_| "is no URL")?;
    let host = url.host_str().ok_or("names no host")?;
    let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    let here = is_localhost(host) || literal.is_some_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if sandbox && here => {}
        "http" if sandbox => return Err("is https, or http on this machine"),
        _ => return Err("is an https URL"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds no name and password");
    }
    if url.fragment().is_some() {
        return Err("has no part behind a #");
    }
    if !sandbox && (here || literal.is_some_and(|ip| !is_public(ip))) {
        return Err("lies in a private network");
    }
    Ok(url)
}

/// Whether a name is this machine's, whoever is asked (RFC 6761): worlds beside a sandbox's own have such names.
fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// Whether an address belongs to the public network.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !is_special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, third, .., high, low] = ip.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match (first, second) {
        // Translated and tunnelled addresses of the old network.
        (0x64, 0xff9b) => is_public_v4(v4(high, low)),
        (0x2002, second) => is_public_v4(v4(second, third)),
        // Only what is assigned to the public network.
        _ => {
            (0x2000..0x4000).contains(&first)
                && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
        }
    }
}

/// Looks names up, and leaves out addresses of private networks: the address that is checked is the one that is
/// connected to.
struct Guarded {
    sandbox: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let sandbox = self.sandbox;
        Box::pin(async move {
            let host = match name.as_str() {
                name if is_localhost(name) => "localhost",
                name => name,
            };
            let found = tokio::net::lookup_host((host, 0)).await?;
            let allowed: Vec<SocketAddr> = found
                .filter(|address| sandbox || is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                return Err("the name leads to no public address".into());
            }
            let allowed: Addrs = Box::new(allowed.into_iter());
            Ok(allowed)
        })
    }
}

/// The one client of deliveries: bounded in time, follows nothing, and connects to nothing private.
///
/// # Errors
/// When this machine's certificates cannot be read.
pub(crate) fn client(sandbox: bool) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("tierline/", env!("CARGO_PKG_VERSION")))
        .timeout(ATTEMPT)
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(Guarded { sandbox }))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_are_reached_by_https() {
        assert!(destination("https://hooks.example.com/a?b=c", false).is_ok());
        assert!(destination("https://hooks.example.com:8443", false).is_ok());
        for (bad, word) in [
            ("http://hooks.example.com", "https"),
            ("ftp://hooks.example.com", "https"),
            ("hooks.example.com", "URL"),
            ("https://user:word@hooks.example.com", "password"),
            ("https://hooks.example.com/#part", "#"),
            ("{{YourCallbackUrl}}", "URL"),
        ] {
            let problem = destination(bad, false).unwrap_err();
            assert!(problem.contains(word), "{bad}: {problem}");
        }
    }

    #[test]
    fn a_sandbox_tells_receivers_on_its_own_machine() {
        for url in [
            "http://127.0.0.1:9/x",
            "http://localhost:9",
            "http://demo.localhost:9",
            "http://[::1]:9",
            "https://10.0.0.7",
        ] {
            assert!(destination(url, true).is_ok(), "{url}");
            assert!(destination(url, false).is_err(), "{url}");
        }
        assert!(destination("http://192.168.1.4/x", true).is_err());
        assert!(destination("http://localhost.example.com", true).is_err());
    }

    #[test]
    fn private_addresses_are_known_in_every_disguise() {
        for private in [
            "10.1.2.3",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
            let url = if private.contains(':') {
                format!("https://[{private}]/")
            } else {
                format!("https://{private}/")
            };
            assert!(destination(&url, false).is_err(), "{url}");
        }
        for public in [
            "8.8.8.8",
            "93.184.216.34",
            "172.32.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        // Numbers that browsers and clients take for addresses.
        for url in [
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
        ] {
            assert!(destination(url, false).is_err(), "{url}");
        }
    }
}
