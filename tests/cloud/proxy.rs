//! A way to a server that can be bad.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

/// What the way is like.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Good = 0,
    /// Connections are reset after the first kilobytes.
    Resetting = 1,
    /// A few kilobytes per second.
    Slow = 2,
}

/// Listens until it is dropped.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    way: Arc<AtomicU8>,
    is_over: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), way: Arc::default(), is_over: Arc::default() };
        let (way, is_over) = (Arc::clone(&proxy.way), Arc::clone(&proxy.is_over));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let (way, is_over) = (Arc::clone(&way), Arc::clone(&is_over));
                    std::thread::spawn(move || carry(from, to, &way, &is_over));
                }
            }
        });
        proxy
    }

    pub(crate) fn becomes(&self, way: Way) {
        self.way.store(way as u8, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // The listener waits for one more.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, way: &AtomicU8, is_over: &AtomicBool) {
    let mut block = [0; 4096];
    let mut carried = 0;
    while let Ok(got @ 1..) = from.read(&mut block) {
        carried += got;
        match way.load(Ordering::Relaxed) {
            1 if carried > 8192 => {
                // Closed with bytes unread: the kernel answers what still comes with a reset.
                break;
            }
            2 => std::thread::sleep(Duration::from_millis(400)),
            _ => {}
        }
        if is_over.load(Ordering::Relaxed) || to.write_all(&block[..got]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
