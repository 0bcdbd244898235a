//! Who is at the other end of a connection on this machine, as far as Linux tells.
//!
//! The kernel lists the sockets of a network with their owners (proc_net_tcp, in its documentation).
//! A socket that its process has closed has no owner any more and is passed over, since the list names
//! root for it. Whose process a socket is tell the processes' open files. What it leaves out: what the
//! answer means. On other systems nobody is found.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The lists of the sockets of TCP.
const LISTS: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// A socket that a process has open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Socket {
    local: SocketAddr,
    remote: SocketAddr,
    listens: bool,
    user: u32,
    inode: u64,
}

/// A process, and what it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    /// Its id.
    pub(super) id: u32,
    /// It listens somewhere: it serves, whatever else it does.
    pub(super) listens: bool,
    /// The ports of TCP where it listens.
    pub(super) ports: Vec<u16>,
}

/// The state of a socket of TCP that listens, and the flag of a Unix one, as the lists have them.
const LISTENS: &str = "0A";
const UNIX_LISTENS: &str = "00010000";

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

/// The process that has the end `here` of a connection on this machine to `there`. Those of `likely` are
/// looked at first.
pub(super) fn process(here: SocketAddr, there: SocketAddr, likely: &[u32]) -> Option<Process> {
    let sockets: Vec<Socket> = open_sockets().collect();
    let own = sockets.iter().find(|socket| socket.local == plain(here) && socket.remote == plain(there))?;
    let has = |id: &u32| inodes(*id).contains(&own.inode);
    let id = likely.iter().copied().find(has).or_else(|| processes().into_iter().find(has))?;
    let open = inodes(id);
    let listening = sockets.iter().filter(|socket| socket.listens && open.contains(&socket.inode));
    let ports: Vec<u16> = listening.map(|socket| socket.local.port()).collect();
    let listens = !ports.is_empty() || listening_unix_sockets().any(|inode| open.contains(&inode));
    Some(Process { id, listens, ports })
}

/// The processes that there are, the newest first, as far as ids tell.
fn processes() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten();
    let mut ids: Vec<u32> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    ids.sort_unstable_by_key(|&id| std::cmp::Reverse(id));
    ids
}

/// The sockets that a process has open; none where docgen may not look.
fn inodes(process: u32) -> HashSet<u64> {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten();
    let inode = |file: std::io::Result<std::fs::DirEntry>| {
        let target = std::fs::read_link(file.ok()?.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    files.filter_map(inode).collect()
}

fn listening_unix_sockets() -> impl Iterator<Item = u64> {
    let list = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let inode = |line: &str| {
        let mut fields = line.split_ascii_whitespace().skip(3);
        let flags = fields.next()?;
        fields.nth(2)?.parse().ok().filter(|_| flags == UNIX_LISTENS)
    };
    list.lines().filter_map(inode).collect::<Vec<_>>().into_iter()
}

fn open_sockets() -> impl Iterator<Item = Socket> {
    let lists = LISTS.iter().filter_map(|list| std::fs::read_to_string(list).ok());
    lists.flat_map(|list| list.lines().filter_map(socket).collect::<Vec<_>>())
}

/// A line of a list.
fn socket(line: &str) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace();
    let (local, remote) = (address(fields.nth(1)?)?, address(fields.next()?)?);
    let listens = fields.next()? == LISTENS;
    let (user, inode) = (fields.nth(3)?.parse().ok()?, fields.nth(1)?.parse().ok()?);
    (inode != 0).then_some(Socket { local, remote, listens, user, inode })
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
            listens: false,
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
        let process = process(here, there, &[1]).unwrap();
        assert_eq!(process.id, std::process::id());
        assert!(process.listens && process.ports.contains(&there.port()), "{process:?}");
        drop(client);
        assert_eq!(user(here, there), None, "whose it was is forgotten");
    }
}
