//! Who is at the other end of a connection on this machine, as far as Linux tells.
//!
//! The kernel lists the sockets of a network with their owners (proc_net_tcp, in its documentation).
//! A socket that its process has closed has no owner any more and is passed over, since the list names
//! root for it. What it leaves out: what the answer means. On other systems nobody is found.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The lists of the sockets of TCP.
const LISTS: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// A socket that a process has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Socket {
    local: SocketAddr,
    remote: SocketAddr,
    user: u32,
    inode: u64,
}

/// Whether this system says whose a connection is.
pub(super) fn are_listed() -> bool {
    std::fs::File::open(LISTS[0]).is_ok()
}

/// The user whose process has the end `here` of a connection on this machine to `there`.
pub(super) fn user(here: SocketAddr, there: SocketAddr) -> Option<u32> {
    open_sockets()
        .find(|socket| socket.local == plain(here) && socket.remote == plain(there))
        .map(|socket| socket.user)
}

fn open_sockets() -> impl Iterator<Item = Socket> {
    let lists = LISTS.iter().filter_map(|list| std::fs::read_to_string(list).ok());
    lists.flat_map(|list| list.lines().filter_map(socket).collect::<Vec<_>>())
}

/// A line of a list.
fn socket(line: &str) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace();
    let (local, remote) = (address(fields.nth(1)?)?, address(fields.next()?)?);
    let (user, inode) = (fields.nth(4)?.parse().ok()?, fields.nth(1)?.parse().ok()?);
    (inode != 0).then_some(Socket { local, remote, user, inode })
}

/// An address as the kernel writes it: the words of an address as numbers of this machine.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words: Vec<[u8; 4]> = (0..ip.len() / 8)
        .map(|at| Some(u32::from_str_radix(ip.get(at * 8..at * 8 + 8)?, 16).ok()?.to_ne_bytes()))
        .collect::<Option<_>>()?;
    let ip = match words[..] {
        [word] => IpAddr::V4(Ipv4Addr::from(word)),
        [_, _, _, _] => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?)),
        _ => return None,
    };
    Some(plain(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?)))
}

/// The address without what only IPv6 has around it.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[cfg(target_endian = "little")]
    #[test]
    fn lines_of_the_list_are_read() {
        let line = "  22: 0100007F:2455 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 123456 1 0000000000000000 20 4 30 10 -1";
        let expected = Socket {
            local: "127.0.0.1:9301".parse().unwrap(),
            remote: "127.0.0.1:54321".parse().unwrap(),
            user: 1000,
            inode: 123456,
        };
        assert_eq!(socket(line), Some(expected));
        assert_eq!(socket(&line.replace("123456", "0")), None);
        assert_eq!(address("0000000000000000FFFF00000100007F:0001"), Some("127.0.0.1:1".parse().unwrap()));
        assert_eq!(address("00000000000000000000000001000000:0050"), Some("[::1]:80".parse().unwrap()));
        assert_eq!(socket("  sl  local_address rem_address   st"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_connection_of_this_process_is_this_users() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (here, there) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let own = rustix::process::geteuid().as_raw();
        assert_eq!(user(here, there), Some(own));
        drop(client);
        assert_eq!(user(here, there), None, "whose it was is forgotten");
    }
}
