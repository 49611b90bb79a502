package payloads

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keys is a keyset: the primary key seals, all open.
type Keys struct {
	handle *keyset.Handle
	aead   tink.AEAD
}

// Key is what may be shown of a key.
type Key struct {
	ID uint32 `json:"id"`
	// Use is primary, standby (the next primary) or old (it only opens).
	Use string `json:"use"`
}

// The uses of a key.
const (
	usePrimary = "primary"
	useStandby = "standby"
	useOld     = "old"
)

// NewKeys makes a keyset with a primary and a standby key.
func NewKeys() (*Keys, error) {
	manager := keyset.NewManager()
	first, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err == nil {
		err = manager.SetPrimary(first)
	}
	if err == nil {
		_, err = manager.Add(aead.AES256GCMKeyTemplate())
	}
	return finish(manager, err)
}

// ParseKeys reads the JSON form of a keyset. Its errors hold nothing of the text.
func ParseKeys(text string) (*Keys, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(text)))
	if err != nil {
		return nil, errors.New("this is no keyset; `starter keys new FILE` makes one")
	}
	return keysOf(handle)
}

// Rotate makes the standby key the primary one and adds a new standby.
func (k *Keys) Rotate() (*Keys, error) {
	manager := keyset.NewManagerFromHandle(k.handle)
	all := k.List()
	next := all[len(all)-1]
	if next.Use != useStandby {
		return nil, errors.New("the keyset has no standby key: it was not made by `starter keys`")
	}
	err := manager.SetPrimary(next.ID)
	if err == nil {
		_, err = manager.Add(aead.AES256GCMKeyTemplate())
	}
	return finish(manager, err)
}

// Drop removes an old key: what it sealed can never be read again.
func (k *Keys) Drop(id uint32) (*Keys, error) {
	for _, key := range k.List() {
		if key.ID == id && key.Use != useOld {
			return nil, fmt.Errorf("key %d is the %s key; only old keys are dropped, rotate first", id, key.Use)
		}
	}
	manager := keyset.NewManagerFromHandle(k.handle)
	if err := manager.Delete(id); err != nil {
		return nil, fmt.Errorf("the keyset has no key %d", id)
	}
	return finish(manager, nil)
}

func finish(manager *keyset.Manager, err error) (*Keys, error) {
	if err != nil {
		return nil, fmt.Errorf("keyset: %w", err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("keyset: %w", err)
	}
	return keysOf(handle)
}

func keysOf(handle *keyset.Handle) (*Keys, error) {
	sealing, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("the keyset is none for authenticated encryption; `starter keys new FILE` makes one")
	}
	return &Keys{handle, sealing}, nil
}

// List shows the keys, oldest first, without their material.
func (k *Keys) List() []Key {
	var keys []Key
	use := useOld
	for i := range k.handle.Len() {
		entry, err := k.handle.Entry(i)
		if err != nil {
			continue // never: i is within the keyset
		}
		switch {
		case entry.IsPrimary():
			keys, use = append(keys, Key{entry.KeyID(), usePrimary}), useStandby
		default:
			keys = append(keys, Key{entry.KeyID(), use})
		}
	}
	return keys
}

// Text is the keyset in Tink's JSON form, with its material.
func (k *Keys) Text() (string, error) {
	var text bytes.Buffer
	err := insecurecleartextkeyset.Write(k.handle, keyset.NewJSONWriter(&text))
	return text.String(), err
}

// WriteNew writes the keyset to a file that must not be there yet; only its owner reads it.
func (k *Keys) WriteNew(path string) error { return k.write(path, os.O_CREATE|os.O_EXCL) }

// Replace writes the keyset in the place of another, whole or not at all.
func (k *Keys) Replace(path string) error {
	next := path + ".next"
	if err := k.write(next, os.O_CREATE|os.O_TRUNC); err != nil {
		return err
	}
	return os.Rename(next, path)
}

func (k *Keys) write(path string, how int) error {
	text, err := k.Text()
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|how, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already; without its keys what they sealed can never be read: use `starter keys rotate`, or another file", path)
	}
	if err != nil {
		return err
	}
	_, err = file.WriteString(text + "\n")
	return errors.Join(err, file.Sync(), file.Close())
}
