//! Linux tells of system calls: a filter that is a process's own, and its children's, hands each
//! `connect` to whoever holds the filter's listener, here a thread of docgen, and the call waits for
//! its answer, which is always to go on (seccomp_unotify(2)). The address is read from the memory
//! of the caller before that. Without the right to administer the system, the kernel wants the
//! process to give up gaining rights by `exec` (`no_new_privs`): `sudo` has none then.
//!
//! A filter stays for the life of a process, and a call that nobody answers fails. So what a command
//! leaves running gets a keeper, a process that answers until the last of them has ended.

#![allow(unsafe_code, reason = "the standard library and rustix have no safe form of these system calls")]

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketType, recvmsg, sendmsg,
};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::WatchReport;

/// How long processes that were ended may take to be gone altogether.
const LEAVING: Duration = Duration::from_millis(300);

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP` of Linux 6.6.
const SYNC_WAKE_UP: libc::c_ulong = 1;

/// What the child says with its listener, or instead of it.
const WATCHED: u8 = 0;
const WATCHED_WITHOUT_RIGHTS: u8 = 1;
const NOT_WATCHED: u8 = 2;

/// Waits for a command to start, and then for what it connects to.
pub(crate) struct Watch {
    /// The end of the pair that the child gets.
    child: Option<UnixStream>,
    /// Dropped, it ends the thread.
    stop: UnixStream,
    thread: JoinHandle<(WatchReport, Option<OwnedFd>)>,
}

impl Watch {
    /// `proxy` is where the connections may go.
    pub(crate) fn start(proxy: Vec<SocketAddr>) -> io::Result<Watch> {
        let (parent, child) = UnixStream::pair()?;
        let (stop, stopped) = UnixStream::pair()?;
        let thread = std::thread::Builder::new()
            .name("connections".to_owned())
            .spawn(move || watch(&parent, &stopped, &proxy))?;
        Ok(Watch { child: Some(child), stop, thread })
    }

    /// Makes the command, once, tell of its connections.
    pub(crate) fn install(&mut self, command: &mut tokio::process::Command) {
        let Some(child) = self.child.take() else { return };
        // SAFETY: between fork and exec, `install` makes system calls only; it takes no lock and
        // no memory.
        unsafe {
            command.pre_exec(move || install(&child));
        }
    }

    /// What was seen. `keeper` is the command line of [`keep_connections`], for what is still there.
    pub(crate) fn finish(self, keeper: &[OsString]) -> WatchReport {
        drop((self.child, self.stop));
        let Ok((seen, listener)) = self.thread.join() else {
            return WatchReport::blind(io::Error::other("docgen's watch failed"));
        };
        if let (Some(listener), Some((program, arguments))) = (listener, keeper.split_first()) {
            // Where it cannot be started, what was left running cannot connect any more.
            let _ = std::process::Command::new(program)
                .args(arguments)
                .stdin(Stdio::from(listener))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .current_dir("/")
                .process_group(0)
                .spawn();
        }
        seen
    }
}

/// Lets every process go on that waits for `listener`, until the last is gone.
pub fn keep_connections(listener: OwnedFd) {
    while let Some(true) = wait(&listener, None, None) {
        if let Some(call) = receive(&listener) {
            go_on(&listener, call.id);
        }
    }
}

/// Runs in the child, before its program.
fn install(parent: &UnixStream) -> io::Result<()> {
    let (said, listener) = match listen() {
        Ok(listener) => (WATCHED, Some(listener)),
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => {
            // SAFETY: it takes numbers only.
            unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
            match listen() {
                Ok(listener) => (WATCHED_WITHOUT_RIGHTS, Some(listener)),
                Err(_) => (NOT_WATCHED, None),
            }
        }
        Err(_) => (NOT_WATCHED, None),
    };
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    let fds = listener.as_ref().map(|listener| [listener.as_fd()]);
    if let Some(fds) = &fds {
        message.push(SendAncillaryMessage::ScmRights(fds));
    }
    sendmsg(parent, &[io::IoSlice::new(&[said])], &mut message, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Installs the filter in this process.
fn listen() -> io::Result<OwnedFd> {
    const CODES: [u32; 3] = [
        libc::BPF_LD | libc::BPF_W | libc::BPF_ABS,
        libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
        libc::BPF_RET | libc::BPF_K,
    ];
    let line = |code: u32, unless: u8, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: unless, k };
    let [load, equals, give] = CODES;
    let mut filter = [
        line(load, 0, std::mem::offset_of!(libc::seccomp_data, arch) as u32),
        line(equals, 3, ARCHITECTURE),
        line(load, 0, std::mem::offset_of!(libc::seccomp_data, nr) as u32),
        line(equals, 1, libc::SYS_connect as u32),
        line(give, 0, libc::SECCOMP_RET_USER_NOTIF),
        line(give, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // Without the first of these the filter slows all else down on some processors; with the last a
    // signal does not make a call begin again, which older kernels do not know.
    let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW | libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    let install = |flags: libc::c_ulong| {
        // SAFETY: the program lives as long as the call, which reads it.
        let fd = unsafe {
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program)
        };
        match i32::try_from(fd) {
            // SAFETY: it is new, and nobody else's.
            Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
            _ => Err(io::Error::last_os_error()),
        }
    };
    match install(flags | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => install(flags),
        installed => installed,
    }
}

/// Runs in the thread. Gives the listener, too, if somebody may still wait for it.
fn watch(child: &UnixStream, stopped: &UnixStream, proxy: &[SocketAddr]) -> (WatchReport, Option<OwnedFd>) {
    let mut seen = WatchReport::default();
    let listener = match listener_of(child) {
        Ok(Some((listener, took_rights))) => {
            seen.took_rights = took_rights;
            // The caller and this thread take turns: they need no more than one processor, which
            // older kernels do not know.
            // SAFETY: it takes numbers only.
            unsafe {
                libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP);
            }
            listener
        }
        // The command was not started.
        Ok(None) => return (seen, None),
        Err(error) => return (WatchReport::blind(error), None),
    };
    let mut until = None;
    loop {
        match wait(&listener, until.is_none().then_some(stopped), until) {
            None => return (seen, None),
            Some(true) => take(&listener, &mut seen, proxy),
            Some(false) if until.is_none() => until = Some(Instant::now() + LEAVING),
            Some(false) => return (seen, Some(listener)),
        }
    }
}

/// What the child sends before its program runs: the listener, and whether it gave up rights.
fn listener_of(child: &UnixStream) -> io::Result<Option<(OwnedFd, bool)>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = RecvAncillaryBuffer::new(&mut space);
    let mut said = [NOT_WATCHED];
    let received = loop {
        match recvmsg(child, &mut [io::IoSliceMut::new(&mut said)], &mut message, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            received => break received?,
        }
    };
    if received.bytes == 0 {
        return Ok(None);
    }
    let listener = message.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    match listener {
        Some(listener) => Ok(Some((listener, said[0] == WATCHED_WITHOUT_RIGHTS))),
        None => Err(io::Error::other("it takes no filter of system calls")),
    }
}

/// Waits until a call waits for `listener` (`true`), or until there is an end (`false`): `stopped` is
/// closed, or it is `until`. `None` when no process is left that could call.
fn wait(listener: &OwnedFd, stopped: Option<&UnixStream>, until: Option<Instant>) -> Option<bool> {
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left =
            left.map(|left| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() });
        let mut fds = [PollFd::new(listener, PollFlags::IN), PollFd::new(listener, PollFlags::IN)];
        if let Some(stopped) = stopped {
            fds[1] = PollFd::new(stopped, PollFlags::IN);
        }
        match poll(&mut fds, left.as_ref()) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return None,
            Ok(0) => return Some(false),
            Ok(_) => {}
        }
        let told = fds[0].revents();
        if told.contains(PollFlags::IN) {
            return Some(true);
        }
        if told.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return None;
        }
        if stopped.is_some() && !fds[1].revents().is_empty() {
            return Some(false);
        }
    }
}

/// Takes one call: looks where it goes, and lets it go on.
fn take(listener: &OwnedFd, seen: &mut WatchReport, proxy: &[SocketAddr]) {
    let Some(call) = receive(listener) else { return };
    let to = destination(&call, proxy);
    // One that was interrupted comes again.
    if !go_on(listener, call.id) {
        return;
    }
    match to {
        Ok(Some(to)) => seen.add(to, proxy),
        Ok(None) => {}
        Err(_) => seen.hidden += 1,
    }
}

/// The next call; `None` if its caller has gone meanwhile.
fn receive(listener: &OwnedFd) -> Option<libc::seccomp_notif> {
    // SAFETY: all zeros are one, and what the kernel wants to get.
    let mut call: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one of these there, and keeps no pointer.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut call) };
    (result == 0).then_some(call)
}

/// Lets a call go on; whether it was still there.
fn go_on(listener: &OwnedFd, id: u64) -> bool {
    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
    let mut answer = libc::seccomp_notif_resp { id, val: 0, error: 0, flags };
    // SAFETY: the kernel reads one of these there, and keeps no pointer.
    unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut answer) == 0 }
}

/// Where a call connects to, in TCP.
fn destination(call: &libc::seccomp_notif, proxy: &[SocketAddr]) -> io::Result<Option<SocketAddr>> {
    let [fd, address, length, ..] = call.data.args;
    let mut bytes = [0; 28];
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len());
    let memory = File::open(format!("/proc/{}/mem", call.pid))?;
    memory.read_exact_at(&mut bytes[..length], address)?;
    let Some(to) = socket_address(&bytes[..length]) else { return Ok(None) };
    // Most are, and need no second look.
    if super::is_proxy(to, proxy) {
        return Ok(None);
    }
    Ok(is_stream(call.pid, fd).unwrap_or(true).then_some(to))
}

/// The address of the internet that these bytes are, a `sockaddr_in` or a `sockaddr_in6`.
fn socket_address(bytes: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
    let port = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
    let ip = match i32::from(family) {
        libc::AF_INET => IpAddr::from(<[u8; 4]>::try_from(bytes.get(4..8)?).ok()?),
        libc::AF_INET6 => IpAddr::from(<[u8; 16]>::try_from(bytes.get(8..24)?).ok()?),
        _ => return None,
    };
    Some(SocketAddr::new(ip.to_canonical(), port))
}

/// Whether the socket `fd` of a thread is one of TCP.
fn is_stream(thread: u32, fd: u64) -> Option<bool> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let process = status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()?;
    let process = pidfd_open(Pid::from_raw(process)?, PidfdFlags::empty()).ok()?;
    let socket = pidfd_getfd(process, i32::try_from(fd).ok()?, PidfdGetfdFlags::empty()).ok()?;
    Some(rustix::net::sockopt::socket_type(socket).ok()? == SocketType::STREAM)
}
