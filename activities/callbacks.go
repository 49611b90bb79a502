package activities

import (
	"context"
	"fmt"

	"deskbridge/providers"
	"deskbridge/providers/activate"
)

// Callback tells a configured receiver what happened.
type Callback struct {
	// To names the receiver. ID is the event's own, by which it is known when it comes again.
	To    string
	ID    string
	Event activate.Event
}

// SendCallback tells Activate what happened.
func (c *Common) SendCallback(ctx context.Context, callback Callback) error {
	receiver, known := c.Receivers[callback.To]
	if !known {
		return fmt.Errorf("send callback: %w: this worker's configuration has no callback %q", providers.Misconfigured, callback.To)
	}
	return receiver.Send(ctx, callback.ID, callback.Event)
}
