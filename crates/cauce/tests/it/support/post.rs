//! A mail server that takes letters, with answers of its own for single addresses.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A letter that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) to: Vec<String>,
    /// As it came, its soft line breaks taken out.
    pub(crate) text: String,
}

/// A mail server on a free port; it says what comes next to each address, and then takes everything.
#[derive(Clone, Default)]
pub(crate) struct Post {
    shared: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    port: u16,
    says: BTreeMap<String, Vec<&'static str>>,
    letters: Vec<Letter>,
}

impl Post {
    pub(crate) async fn start() -> Post {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let post = Post::default();
        post.shared.lock().unwrap().port = listener.local_addr().unwrap().port();
        let serving = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().talk(stream));
            }
        });
        post
    }

    /// The lines of a configuration that let e-mail leave through it.
    pub(crate) fn leaves_through(&self) -> String {
        let port = self.shared.lock().unwrap().port;
        format!("smtp = \"smtp://127.0.0.1:{port}\"\nfrom = \"Cauce <cauce@example.com>\"")
    }

    /// The next answers to a recipient, in their order.
    pub(crate) fn says(&self, address: &str, answers: &[&'static str]) {
        let mut state = self.shared.lock().unwrap();
        state.says.insert(address.to_owned(), answers.to_vec());
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.shared.lock().unwrap().letters.clone()
    }

    fn answer(&self, address: &str) -> &'static str {
        let mut state = self.shared.lock().unwrap();
        match state.says.get_mut(address) {
            Some(answers) if !answers.is_empty() => answers.remove(0),
            _ => "250 ok",
        }
    }

    async fn talk(self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 here\r\n").await.ok()?;
        let (mut to, mut line) = (Vec::new(), String::new());
        loop {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let word = line.get(..4).unwrap_or_default().to_uppercase();
            let answer = match word.as_str() {
                "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    let answer = self.answer(&address);
                    if answer.starts_with('2') {
                        to.push(address);
                    }
                    answer
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await.ok()?;
                    let text = letter(&mut stream).await?;
                    let to = std::mem::take(&mut to);
                    let mut state = self.shared.lock().unwrap();
                    state.letters.push(Letter { to, text });
                    "250 taken"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            stream
                .write_all(format!("{answer}\r\n").as_bytes())
                .await
                .ok()?;
        }
    }
}

async fn letter(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut text, mut line) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == ".\r\n" {
            return Some(text.replace("=\r\n", ""));
        }
        text.push_str(&line);
    }
}
