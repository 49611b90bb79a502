package activities

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/gabriel-vasile/mimetype"
	"github.com/google/uuid"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"deskbridge/providers"
)

// File refers to a file in the blob store; its content never travels through Temporal.
type File struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is the content's hash in hexadecimal, and its key in the store.
	SHA256 string `json:"sha256"`
}

// StoreFile puts a file into the blob store as it is read, and takes its type from its content, not
// from what its sender says. The same content is stored once. [providers.TooLarge] beyond
// [providers.MaxAttachment], [providers.Invalid] for a type that is not among types or an empty file.
func StoreFile(ctx context.Context, bucket *blob.Bucket, name string, types FileTypes, content io.Reader) (File, error) {
	name = filepath.Base(filepath.Clean("/" + strings.ReplaceAll(name, `\`, "/")))
	if err := (providers.NewAttachment{Name: name}).Validate(); err != nil {
		return File{}, err
	}
	// A type is known by the first bytes, which are put back.
	head := new(bytes.Buffer)
	found, err := mimetype.DetectReader(io.TeeReader(content, head))
	if err != nil {
		return File{}, fmt.Errorf("store file: %w: it cannot be read", providers.Invalid)
	}
	if head.Len() == 0 {
		return File{}, fmt.Errorf("%w: the file is empty", providers.Invalid)
	}
	if !types.Allow(found) {
		return File{}, fmt.Errorf("%w: a file of type %s is not taken; the configuration's file_types allow %s", providers.Invalid, found.String(), strings.Join(types, ", "))
	}
	file := File{Name: name, ContentType: found.String()}
	file.Size, file.SHA256, err = store(ctx, bucket, io.MultiReader(head, content))
	return file, err
}

// store streams content into the store, under its hash once that is known.
func store(ctx context.Context, bucket *blob.Bucket, content io.Reader) (size int64, hash string, err error) {
	unavailable := fmt.Errorf("store file: %w: the blob store does not take it", providers.Unavailable)
	incoming := "incoming/" + uuid.NewString()
	writing, cancel := context.WithCancel(ctx)
	defer cancel() // a writer whose context has ended stores nothing
	writer, err := bucket.NewWriter(writing, incoming, nil)
	if err != nil {
		return 0, "", unavailable
	}
	sum := sha256.New()
	size, err = io.Copy(io.MultiWriter(writer, sum), io.LimitReader(content, providers.MaxAttachment+1))
	if err != nil || size > providers.MaxAttachment {
		cancel()
		_ = writer.Close()
		if err != nil {
			return 0, "", fmt.Errorf("store file: %w: it did not come whole", providers.Invalid)
		}
		return 0, "", fmt.Errorf("%w: the file has more than %d bytes, which is the most that is taken", providers.TooLarge, providers.MaxAttachment)
	}
	if err := writer.Close(); err != nil {
		return 0, "", unavailable
	}
	defer func() { _ = bucket.Delete(context.WithoutCancel(ctx), incoming) }()
	hash = hex.EncodeToString(sum.Sum(nil))
	if err := bucket.Copy(ctx, hash, incoming, nil); err != nil {
		return 0, "", unavailable
	}
	return size, hash, nil
}

// FileTypes are the media types that are taken, "image/*" for all of a kind.
type FileTypes []string

// Allow says whether a detected type, or one that it is a form of, is taken: a word processor's
// document is a ZIP file too, but a ZIP file is no document.
func (t FileTypes) Allow(found *mimetype.MIME) bool {
	for _, allowed := range t {
		if kind, all := strings.CutSuffix(allowed, "/*"); all && strings.HasPrefix(found.String(), kind+"/") || found.Is(allowed) {
			return true
		}
	}
	return false
}

// Upload asks for a file to be added to a ticket.
type Upload struct {
	TicketID string
	File     File
}

// UploadAttachment adds a stored file to a ticket, once for its name and content.
func (d *Desk) UploadAttachment(ctx context.Context, upload Upload) (providers.Attachment, error) {
	uploader, err := providers.As[providers.AttachmentUploader](d.Desk)
	if err != nil {
		return providers.Attachment{}, err
	}
	if d.Uploads != nil {
		if err := d.Uploads.Acquire(ctx, 1); err != nil {
			return providers.Attachment{}, err
		}
		defer d.Uploads.Release(1)
	}
	content, err := d.readFile(ctx, "upload attachment", upload.File)
	if err != nil {
		return providers.Attachment{}, err
	}
	return uploader.UploadAttachment(ctx, providers.NewAttachment{
		TicketID: upload.TicketID, Name: upload.File.Name, ContentType: upload.File.ContentType, Content: content,
	})
}

// readFile reads a stored file whole: desks want its size and its content at once.
func (d *Desk) readFile(ctx context.Context, op string, file File) ([]byte, error) {
	content, err := d.Files.ReadAll(ctx, file.SHA256)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fmt.Errorf("%s: %w: file %s is not in the blob store; let worker and starter use the same files setting", op, providers.Misconfigured, file.SHA256)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: the blob store does not answer", op, providers.Unavailable)
	}
	sum := sha256.Sum256(content)
	if hex.EncodeToString(sum[:]) != file.SHA256 {
		return nil, fmt.Errorf("%s: %w: file %s was changed in the blob store", op, providers.Invalid, file.SHA256)
	}
	return content, nil
}
