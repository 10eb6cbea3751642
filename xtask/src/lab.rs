//! Two network namespaces joined by a cable: what measurements on live interfaces run in.

use std::process::{Command, Stdio};

/// Two hosts with an interface each, `a0` and `b0`, joined by a veth pair. Gone when dropped.
#[derive(Debug)]
pub(crate) struct Lab {
    names: [String; 2],
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// Sends: 10.99.0.1 on `a0`.
    A,
    /// Watches: 10.99.0.2 on `b0`.
    B,
}

impl Host {
    /// Its interface.
    pub(crate) const fn interface(self) -> &'static str {
        match self {
            Self::A => "a0",
            Self::B => "b0",
        }
    }
}

impl Lab {
    /// Makes both. Needs root.
    pub(crate) fn new(tag: &str) -> Result<Self, String> {
        let name = |side| format!("anz-{tag}-{side}-{}", std::process::id());
        let lab = Self { names: [name("a"), name("b")] };
        let [a, b] = &lab.names;
        ip(&["netns", "add", a])?;
        ip(&["netns", "add", b])?;
        for host in [Host::A, Host::B] {
            lab.quiet(host)?;
            lab.ip(host, &["link", "set", "lo", "up"])?;
        }
        lab.join()?;
        Ok(lab)
    }

    /// Lays the cable; again, when one end was deleted.
    pub(crate) fn join(&self) -> Result<(), String> {
        let [a, b] = &self.names;
        ip(&["link", "add", "a0", "netns", a, "type", "veth", "peer", "b0", "netns", b])?;
        for (host, address) in [(Host::A, "10.99.0.1/24"), (Host::B, "10.99.0.2/24")] {
            self.ip(host, &["address", "add", address, "dev", host.interface()])?;
            self.ip(host, &["link", "set", host.interface(), "up"])?;
        }
        Ok(())
    }

    /// No neighbour discovery of IPv6 among what is counted.
    fn quiet(&self, host: Host) -> Result<(), String> {
        let off = "net.ipv6.conf.all.disable_ipv6=1";
        let status = self.command(host, "sysctl").args(["-q", "-w", off]).status();
        status.map(|_| ()).map_err(|e| format!("sysctl: {e}"))
    }

    /// A command of `ip` inside.
    pub(crate) fn ip(&self, host: Host, args: &[&str]) -> Result<(), String> {
        let mut all = vec!["-n", self.name(host)];
        all.extend(args);
        ip(&all)
    }

    /// A program inside, without standard input.
    pub(crate) fn command(&self, host: Host, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.name(host), program]).stdin(Stdio::null());
        command
    }

    fn name(&self, host: Host) -> &str {
        let [a, b] = &self.names;
        match host {
            Host::A => a,
            Host::B => b,
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for name in &self.names {
            // What is not there need not be removed.
            let _ = ip(&["netns", "delete", name]);
        }
    }
}

fn ip(args: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(args).output().map_err(|e| format!("ip: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("ip {}: {}", args.join(" "), said.trim()))
}
