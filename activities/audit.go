package activities

import (
	"context"
	"strconv"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"deskbridge/internal/audit"
	"deskbridge/providers"
	"deskbridge/providers/target"
)

// Audit keeps a record of what each activity called for a request, and what came back. Without its
// record a call does not count as done: it is tried again, which does nothing twice.
type Audit struct {
	interceptor.WorkerInterceptorBase
	Log *audit.Log
}

// InterceptActivity implements [interceptor.WorkerInterceptor].
func (a *Audit) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	inbound := &auditInbound{log: a.Log}
	inbound.Next = next
	return inbound
}

type auditInbound struct {
	interceptor.ActivityInboundInterceptorBase
	log *audit.Log
}

// recordWithin bounds how long a record may take to be written.
const recordWithin = 10 * time.Second

// ExecuteActivity implements [interceptor.ActivityInboundInterceptor].
func (a *auditInbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	subject := audit.Subject(info.WorkflowExecution.ID)
	if subject == "" {
		return a.Next.ExecuteActivity(ctx, in)
	}
	record := audit.Record{
		Who: "worker", Did: info.ActivityType.Name, Workflow: info.WorkflowExecution.ID, Attempt: int(info.Attempt), Result: audit.OK,
	}
	var mu sync.Mutex
	result, err := a.Next.ExecuteActivity(providers.WithObserver(ctx, func(exchange providers.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		record.Calls = append(record.Calls, exchange)
	}), in)
	if err != nil {
		if record.Result = string(providers.KindOf(err)); record.Result == "" {
			record.Result = typeInternal
		}
		if saysNothingNew(providers.KindOf(err), record.Attempt) {
			return result, err
		}
	} else {
		record.Detail = detailOf(result)
	}
	mu.Lock()
	defer mu.Unlock()
	record.At = time.Now().UTC()
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	if failed := a.log.Append(writing, subject, record); failed != nil && err == nil {
		return nil, failed
	}
	return result, err
}

// saysNothingNew says that a desk is still down, which is kept at attempts 1, 2, 4, 8, ... only.
func saysNothingNew(kind providers.Kind, attempt int) bool {
	return (kind == providers.Unavailable || kind == providers.RateLimited) && attempt&(attempt-1) != 0
}

// detailOf is what is kept of a result: numbers and states, nothing of a person.
func detailOf(result any) map[string]string {
	flags := func(all map[string]bool) map[string]string {
		detail := map[string]string{}
		for name, set := range all {
			if set {
				detail[name] = "true"
			}
		}
		return detail
	}
	switch result := result.(type) {
	case Ticket:
		return map[string]string{"ticket": result.Number, "status": result.Status}
	case EnsuredUser:
		return flags(map[string]bool{"found": !result.Created && !result.Missing, "created": result.Created, "reactivated": result.Reactivated, "updated": result.Updated, "missing": result.Missing})
	case LeftUser:
		return map[string]string{"account": string(result.Account)}
	case providers.NotesPage:
		return map[string]string{"notes": strconv.Itoa(len(result.Notes)), "withheld": strconv.Itoa(result.Withheld)}
	case providers.Note:
		return map[string]string{"note": result.ID}
	case providers.Attachment:
		return map[string]string{"bytes": strconv.FormatInt(result.Size, 10)}
	case target.Result:
		return flags(map[string]bool{"accepted": result.Accepted, "done": !result.Accepted})
	}
	return nil
}
