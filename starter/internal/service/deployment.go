package service

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

// Version is a version of a worker deployment.
type Version struct {
	BuildID string `json:"build_id"`
	// State is current, ramping, draining, drained or new: a drained one may be stopped.
	State string    `json:"state"`
	Since time.Time `json:"since"`
}

// Versions lists the versions of a worker deployment.
func (s *Service) Versions(ctx context.Context, deployment string) ([]Version, error) {
	described, err := s.Client.WorkerDeploymentClient().GetHandle(deployment).Describe(ctx, client.WorkerDeploymentDescribeOptions{})
	if err != nil {
		return nil, deploymentError(deployment, err)
	}
	routing := described.Info.RoutingConfig
	versions := []Version{}
	for _, summary := range described.Info.VersionSummaries {
		version := Version{BuildID: summary.Version.BuildID, State: "new", Since: summary.CreateTime}
		switch {
		case routing.CurrentVersion != nil && routing.CurrentVersion.BuildID == version.BuildID:
			version.State, version.Since = "current", routing.CurrentVersionChangedTime
		case routing.RampingVersion != nil && routing.RampingVersion.BuildID == version.BuildID:
			version.State, version.Since = "ramping", routing.RampingVersionChangedTime
		case summary.DrainageStatus == client.WorkerDeploymentVersionDrainageStatusDraining:
			version.State = "draining"
		case summary.DrainageStatus == client.WorkerDeploymentVersionDrainageStatusDrained:
			version.State = "drained"
		}
		versions = append(versions, version)
	}
	return versions, nil
}

// wholly is the share of a version that runs everything.
const wholly = 100

// Promote lets a version run a share, in per cent, of what happens from now on; with the whole of it it
// is the current version.
func (s *Service) Promote(ctx context.Context, deployment, buildID string, share float32) error {
	handle := s.Client.WorkerDeploymentClient().GetHandle(deployment)
	var err error
	if share < wholly {
		_, err = handle.SetRampingVersion(ctx, client.WorkerDeploymentSetRampingVersionOptions{BuildID: buildID, Percentage: share})
	} else {
		_, err = handle.SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: buildID})
	}
	return deploymentError(deployment+" "+buildID, err)
}

func deploymentError(what string, err error) error {
	var gone *serviceerror.NotFound
	var early *serviceerror.FailedPrecondition
	switch {
	case err == nil:
		return nil
	case errors.As(err, &gone):
		return fail(Absent, "deployment %s: no worker of it has run yet; start one with --deployment and --build-id", what)
	case errors.As(err, &early):
		return fail(Refused, "deployment %s: %s; start its workers first", what, early.Error())
	}
	return server("deployment "+what, err)
}
