// Go's own parsers as judges.
//
// `judge requests`: an HTTP server that tells in the header X-Read what it read of each request.
// `judge answers`: reads "METHOD LENGTH\n" and LENGTH bytes of an answer, again and again, and writes one line of JSON for each.
// Both listen on a free port of loopback and say which on the first line of stdout.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

type reading struct {
	Method  string      `json:"method,omitempty"`
	Target  string      `json:"target,omitempty"`
	Status  int         `json:"status,omitempty"`
	Headers [][2]string `json:"headers"`
	Bytes   int         `json:"bytes"`
	Sha256  string      `json:"sha256"`
	Rest    int         `json:"rest"`
	Fault   string      `json:"fault,omitempty"`
}

// Each byte becomes the character of its number, as the other judges have it.
func latin1(text string) string {
	characters := make([]rune, len(text))
	for at := 0; at < len(text); at++ {
		characters[at] = rune(text[at])
	}
	return string(characters)
}

func listed(header http.Header) [][2]string {
	list := [][2]string{}
	for name, values := range header {
		for _, value := range values {
			list = append(list, [2]string{latin1(name), latin1(value)})
		}
	}
	return list
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func echo(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	headers := append(listed(request.Header), [2]string{"Host", latin1(request.Host)})
	text, _ := json.Marshal(reading{
		Method: request.Method, Target: latin1(request.RequestURI), Headers: headers, Bytes: len(body), Sha256: digest(body),
	})
	writer.Header().Set("X-Read", base64.StdEncoding.EncodeToString(text))
	writer.Header().Set("Content-Length", "0")
}

func readAnswer(method string, said []byte) reading {
	stream := bufio.NewReader(bytes.NewReader(said))
	response, err := http.ReadResponse(stream, &http.Request{Method: method})
	if err != nil {
		return reading{Fault: err.Error()}
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return reading{Fault: err.Error()}
	}
	rest, _ := io.ReadAll(stream)
	return reading{Status: response.StatusCode, Headers: listed(response.Header), Bytes: len(body), Sha256: digest(body), Rest: len(rest)}
}

func readAnswers(connection net.Conn) {
	defer connection.Close()
	stream := bufio.NewReader(connection)
	for {
		var method string
		var length int
		line, err := stream.ReadString('\n')
		if err != nil {
			return
		}
		if _, err := fmt.Sscanf(line, "%s %d", &method, &length); err != nil {
			return
		}
		said := make([]byte, length)
		if _, err := io.ReadFull(stream, said); err != nil {
			return
		}
		text, _ := json.Marshal(readAnswer(method, said))
		connection.Write(append(text, '\n'))
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	if os.Args[1] == "requests" {
		server := http.Server{Handler: http.HandlerFunc(echo), MaxHeaderBytes: 1 << 18, ErrorLog: log.New(io.Discard, "", 0)}
		log.Fatal(server.Serve(listener))
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go readAnswers(connection)
	}
}
