package workflows

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// Register registers every workflow under its frozen name.
func Register(registry worker.WorkflowRegistry) {
	for name, definition := range map[string]any{
		"Onboarding": Onboarding, "Fulfilment": Fulfilment, "Ticket": Ticket,
		NameDeskWatch: DeskWatch, "ConnectionCheck": ConnectionCheck,
		"Offboarding": Offboarding, "UserSync": UserSync, NameUser: User, "UserCall": CallUsers,
	} {
		registry.RegisterWorkflowWithOptions(definition, workflow.RegisterOptions{Name: name, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade})
	}
}
