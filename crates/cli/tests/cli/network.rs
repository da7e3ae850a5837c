//! An authority that signs certificates, a gate that speaks TLS before a plain server, and a proxy.
//! One thread per connection, one request per connection.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::server::Server;

/// Who signs certificates.
pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        Authority::named("Trimtab tests")
    }

    pub(crate) fn named(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { pem, issuer: Issuer::new(params, key) }
    }

    /// The root as SSL_CERT_FILE wants it.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    pub(crate) fn certificate(&self, host: &str) -> Arc<ServerConfig> {
        self.signed(&CertificateParams::new([host.to_owned()]).unwrap())
    }

    pub(crate) fn expired(&self, host: &str) -> Arc<ServerConfig> {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.signed(&params)
    }

    fn signed(&self, params: &CertificateParams) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }
}

/// Speaks TLS before a plain server.
pub(crate) struct Gate {
    port: u16,
    taken: Arc<AtomicUsize>,
    served: Arc<AtomicUsize>,
}

impl Gate {
    pub(crate) fn open(server: &Server, config: Arc<ServerConfig>) -> Gate {
        let behind = server.url().trim_start_matches("http://").to_owned();
        let (taken, served) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let counted = (Arc::clone(&taken), Arc::clone(&served));
        let port = listen(move |stream| {
            counted.0.fetch_add(1, Ordering::SeqCst);
            let connection =
                ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
            let mut secure = StreamOwned::new(connection, stream);
            let head = head(&mut secure)?;
            counted.1.fetch_add(1, Ordering::SeqCst);
            let mut plain = TcpStream::connect(&behind)?;
            plain.write_all(head.as_bytes())?;
            io::copy(&mut plain, &mut secure)?;
            secure.conn.send_close_notify();
            secure.flush()
        });
        Gate { port, taken, served }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Connections that came.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Requests that came over them.
    pub(crate) fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

/// A proxy to which every host is the same one on this machine.
pub(crate) struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub(crate) fn open(target: u16) -> Proxy {
        Proxy::start(Some(target))
    }

    /// Answers that credentials are missing, whatever came.
    pub(crate) fn refusing() -> Proxy {
        Proxy::start(None)
    }

    fn start(target: Option<u16>) -> Proxy {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&asked);
        let port = listen(move |mut client| {
            let head = head(&mut client)?;
            let tunnel = head.starts_with("CONNECT ");
            noted.lock().unwrap().push(head.clone());
            let Some(target) = target else {
                let refusal =
                    "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
                return client.write_all(refusal.as_bytes());
            };
            let mut server = TcpStream::connect(("127.0.0.1", target))?;
            if tunnel {
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
            } else {
                // Servers expect the path alone.
                let (scheme, rest) = head.split_once("://").unwrap();
                let (_, path) = rest.split_once('/').unwrap();
                let verb = scheme.split(' ').next().unwrap();
                server.write_all(format!("{verb} /{path}").as_bytes())?;
            }
            let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
            thread::spawn(move || {
                // A client that goes away ends the tunnel.
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
            io::copy(&mut server, &mut client)?;
            client.shutdown(Shutdown::Both)
        });
        Proxy { port, asked }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The heads of the requests that came.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A server that knows no TLS, and answers a greeting as such servers do.
pub(crate) fn plain() -> u16 {
    listen(|mut stream| {
        stream.read_exact(&mut [0])?;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    })
}

fn listen(answer: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                // A client that goes away is part of the tests.
                let _ = answer(stream);
            });
        }
    });
    port
}

/// A request up to its empty line; what is fetched has no body.
fn head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    String::from_utf8(head).map_err(io::Error::other)
}
