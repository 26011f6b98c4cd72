// Opens cosigned checkpoints with Go's own notes, and a cosigner written from C2SP tlog-cosignature alone; prints how many are good.
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

type cosigner struct {
	name string
	key  ed25519.PublicKey
}

func (c cosigner) Name() string { return c.name }

func (c cosigner) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(c.name+"\n\x04"), c.key...))
	return binary.BigEndian.Uint32(sum[:4])
}

func (c cosigner) Verify(message, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(signature)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", seconds, message)
	return ed25519.Verify(c.key, []byte(signed), signature[8:])
}

func cosignerOf(text string) (c cosigner, err error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return c, errors.New("no verifier key: " + text)
	}
	bytes, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(bytes) != 33 || bytes[0] != 4 {
		return c, errors.New("no key of a cosigner: " + text)
	}
	c = cosigner{parts[0], bytes[1:]}
	if fmt.Sprintf("%08x", c.KeyHash()) != parts[1] {
		return c, errors.New("not the id of the key: " + text)
	}
	return
}

type cosigned struct{ Log, Witness, Note string }

func check(one cosigned) error {
	log, err := note.NewVerifier(one.Log)
	if err != nil {
		return err
	}
	witness, err := cosignerOf(one.Witness)
	if err != nil {
		return err
	}
	opened, err := note.Open([]byte(one.Note), note.VerifierList(log, witness))
	if err != nil {
		return err
	}
	if len(opened.Sigs) != 2 || len(opened.UnverifiedSigs) != 0 {
		return fmt.Errorf("%d good signatures, %d others", len(opened.Sigs), len(opened.UnverifiedSigs))
	}
	return nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	good := 0
	for lines.Scan() {
		var one cosigned
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			fmt.Println(err)
			continue
		}
		if err := check(one); err != nil {
			fmt.Println(err)
			continue
		}
		good++
	}
	fmt.Printf("%d cosigned checkpoints are good\n", good)
}
