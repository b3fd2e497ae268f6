package main

import (
	"testing"
	"time"

	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	pipepb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/pipeline_v1"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Two TaskManagers of one machine share a pool, and each calls its first worker 1-1:
// none is refused the other's, and none ends it.
func TestEnginesShareAPool(t *testing.T) {
	s := &scene{folder: t.TempDir()}
	address := freeAddress(t)
	s.serve(t, "", "workers", "--listen", address)
	waitFor(t, address)
	engine := func() fnpb.BeamFnExternalWorkerPoolClient {
		connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		t.Cleanup(func() { _ = connection.Close() })
		return fnpb.NewBeamFnExternalWorkerPoolClient(connection)
	}
	// Nobody listens there: workers try to connect for longer than this test lasts.
	nobody := &pipepb.ApiServiceDescriptor{Url: freeAddress(t)}
	start := func(engine fnpb.BeamFnExternalWorkerPoolClient) string {
		response, err := engine.StartWorker(t.Context(), &fnpb.StartWorkerRequest{WorkerId: "1-1", ControlEndpoint: nobody, LoggingEndpoint: nobody})
		require.NoError(t, err)
		return response.GetError()
	}
	first, second := engine(), engine()
	require.Empty(t, start(first))
	require.Empty(t, start(second), "the second engine is refused a worker, as the first has one of that name")
	require.Contains(t, start(first), "runs already")
	_, err := first.StopWorker(t.Context(), &fnpb.StopWorkerRequest{WorkerId: "1-1"})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return start(first) == "" }, 20*time.Second, 20*time.Millisecond, "the worker was not stopped")
	require.Contains(t, start(second), "runs already", "the worker of the second engine was stopped")
}
