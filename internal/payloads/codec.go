package payloads

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/klauspost/compress/zstd"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
)

// encoding is the value of a sealed payload's metadata "encoding", as Temporal's samples have it:
// the Temporal UI shows such payloads as encrypted.
const encoding = "binary/encrypted"

// bound is the associated data: what was sealed for something else does not open here.
var bound = []byte("deskbridge/payload/1")

// errKeys says that a payload does not open; it holds nothing of it.
var errKeys = errors.New("payload: it was sealed with a key that is not in payload_keys, or was changed; put the keyset with that key there")

// The first byte of what is sealed.
const (
	stored     = 0
	compressed = 1
)

// Shared, as both are safe for concurrent use. What is opened was sealed by us, so that its size
// needs no bound beyond the server's.
var (
	compressor, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	decompressor, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
)

type codec struct{ keys *Keys }

// Encode seals payloads.
func (c codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	sealed := make([]*commonpb.Payload, len(payloads))
	for i, payload := range payloads {
		plain, err := proto.MarshalOptions{}.MarshalAppend([]byte{stored}, payload)
		if err != nil {
			return nil, fmt.Errorf("payload: %w", err)
		}
		if smaller := compressor.EncodeAll(plain[1:], []byte{compressed}); len(smaller) < len(plain) {
			plain = smaller
		}
		text, err := c.keys.aead.Encrypt(plain, bound)
		if err != nil {
			return nil, fmt.Errorf("payload: %w", err)
		}
		sealed[i] = &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding)}, Data: text}
	}
	return sealed, nil
}

// Decode opens payloads that are sealed and leaves others, which were written before.
func (c codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	opened := make([]*commonpb.Payload, len(payloads))
	for i, payload := range payloads {
		if string(payload.GetMetadata()[converter.MetadataEncoding]) != encoding {
			opened[i] = payload
			continue
		}
		plain, err := c.keys.aead.Decrypt(payload.GetData(), bound)
		if err != nil || len(plain) == 0 {
			return nil, errKeys
		}
		body := plain[1:]
		if plain[0] == compressed {
			if body, err = decompressor.DecodeAll(body, nil); err != nil {
				return nil, fmt.Errorf("payload: %w", err)
			}
		}
		opened[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(body, opened[i]); err != nil {
			return nil, fmt.Errorf("payload: %w", err)
		}
	}
	return opened, nil
}

// Converter seals and opens values; nil keys leave them readable.
func (k *Keys) Converter() converter.DataConverter {
	if k == nil {
		return converter.GetDefaultDataConverter()
	}
	return converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), codec{k})
}

// Apply lets a client, and the workers on it, seal payloads and the texts of failures.
func (k *Keys) Apply(options *client.Options) {
	if k == nil {
		return
	}
	options.DataConverter = k.Converter()
	// What is sealed is compressed already, and does not get smaller on the wire.
	options.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	options.FailureConverter = temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter: options.DataConverter, EncodeCommonAttributes: true,
	})
}

// Handler answers the Temporal UI's and CLI's POST .../decode and .../encode
// (docs.temporal.io/production-deployment/data-encryption). Whoever may call it reads everything:
// it asks nobody who they are.
func (k *Keys) Handler() http.Handler { return converter.NewPayloadCodecHTTPHandler(codec{k}) }
