use std::{net::IpAddr, time::Duration};

use cauce_destinations::destination::Fault;
use tokio::{net::TcpListener, time::timeout};

use super::{patient_transport, post, send};
use crate::transport::Reach;

fn check(addresses: &[&str], public: bool) {
    for address in addresses {
        let ip: IpAddr = address.parse().unwrap();
        assert_eq!(Reach::PublicOnly.allows(ip), public, "{address}");
        assert!(Reach::Trusted.allows(ip), "{address}");
    }
}

#[test]
fn hosts_of_the_internet_are_public() {
    check(
        &[
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "128.0.0.1",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "2001:4860:4860::8888",
            "64:ff9b::101:101",
        ],
        true,
    );
}

#[test]
fn hosts_of_our_own_network_are_not_public() {
    check(
        &[
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "::127.0.0.1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
        ],
        false,
    );
}

#[tokio::test]
async fn nothing_is_connected_to_that_is_not_public() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let transport = patient_transport().with_reach(Reach::PublicOnly);
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ] {
        let sent = send(&transport, post(&format!("https://{host}:{port}/"), "x")).await;
        sent.is_not_sent(Fault::Unsendable);
    }
    let knocked = timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(knocked.is_err());
}

#[tokio::test]
async fn public_means_https() {
    let transport = patient_transport().with_reach(Reach::PublicOnly);
    let sent = send(&transport, post("http://example.com/", "x")).await;
    sent.is_not_sent(Fault::Unsendable);
}
