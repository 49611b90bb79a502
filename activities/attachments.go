package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

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

// StoreFile puts a file into the blob store. The same content is stored once.
func StoreFile(ctx context.Context, bucket *blob.Bucket, name, contentType string, content []byte) (File, error) {
	if len(content) > providers.MaxAttachment {
		return File{}, fmt.Errorf("%w: the file has %d bytes; at most %d are taken", providers.TooLarge, len(content), providers.MaxAttachment)
	}
	sum := sha256.Sum256(content)
	file := File{Name: name, ContentType: contentType, Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
	if err := bucket.WriteAll(ctx, file.SHA256, content, nil); err != nil {
		return File{}, fmt.Errorf("store file: %w", err)
	}
	return file, nil
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
	content, err := d.Files.ReadAll(ctx, upload.File.SHA256)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return providers.Attachment{}, fmt.Errorf("upload attachment: %w: file %s is not in the blob store; let worker and starter use the same files setting", providers.Misconfigured, upload.File.SHA256)
	}
	if err != nil {
		return providers.Attachment{}, fmt.Errorf("upload attachment: %w: the blob store does not answer", providers.Unavailable)
	}
	sum := sha256.Sum256(content)
	if hex.EncodeToString(sum[:]) != upload.File.SHA256 {
		return providers.Attachment{}, fmt.Errorf("upload attachment: %w: file %s was changed in the blob store", providers.Invalid, upload.File.SHA256)
	}
	return uploader.UploadAttachment(ctx, providers.NewAttachment{
		TicketID: upload.TicketID, Name: upload.File.Name, ContentType: upload.File.ContentType, Content: content,
	})
}
