// Command devserver is a whole Temporal server with its Web UI in one process, with its state in
// one SQLite file: for development, tests and demonstrations. It is a module of its own, so that
// the main module does not carry the server's dependencies.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	sqliteschema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
)

type settings struct {
	file, namespace, attributes, codec string
	port, uiPort, suggest              int
}

func main() {
	var s settings
	flag.StringVar(&s.file, "db", "temporal.db", "SQLite file")
	flag.StringVar(&s.namespace, "namespace", "default", "namespace")
	flag.StringVar(&s.attributes, "search-attributes", "", "search attributes, name=type, separated by commas")
	flag.IntVar(&s.port, "port", 7233, "gRPC port")
	flag.IntVar(&s.uiPort, "ui-port", 8233, "Web UI port; 0 for none")
	flag.StringVar(&s.codec, "codec-endpoint", "", "address by which the Web UI reads payloads")
	flag.IntVar(&s.suggest, "suggest-continue-as-new", 0, "history events after which to suggest it; 0 for the server's default")
	flag.Parse()
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, "devserver:", err)
		os.Exit(1)
	}
}

func run(s settings) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	store := storage(s.file)
	if err := prepare(store, s); err != nil {
		return err
	}
	ports, err := freePorts(4)
	if err != nil {
		return err
	}
	server, err := newServer(store, s, ports)
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer func() { _ = server.Stop() }()
	if s.uiPort > 0 {
		ui := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
			Host: loopback, Port: s.uiPort, TemporalGRPCAddress: address(s.port), EnableUI: true,
			Codec: uiconfig.Codec{Endpoint: s.codec}, CORS: uiconfig.CORS{CookieInsecure: true}, HideLogs: true, DisableNewsFetch: true,
		}))
		go func() {
			if err := ui.Start(); err != nil {
				fmt.Fprintln(os.Stderr, "devserver: web UI:", err)
			}
		}()
		defer ui.Stop()
	}
	<-ctx.Done()
	return nil
}

const loopback = "127.0.0.1"

func address(port int) string { return fmt.Sprintf("%s:%d", loopback, port) }

// storage is one file in WAL mode. SQLite takes one connection: more make it answer busy. A name
// of an attribute that it does not know is taken for a pragma, silently.
func storage(file string) *config.SQL {
	return &config.SQL{
		PluginName: sqlite.PluginName, DatabaseName: file,
		ConnectAttributes: map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "1"},
	}
}

// prepare makes the schema, the namespace and its search attributes.
func prepare(store *config.SQL, s settings) error {
	if _, err := os.Stat(s.file); os.IsNotExist(err) {
		if err := sqliteschema.SetupSchema(store); err != nil {
			return err
		}
	}
	attributes := map[string]enums.IndexedValueType{}
	for attribute := range strings.SplitSeq(s.attributes, ",") {
		if attribute == "" {
			continue
		}
		name, kind, _ := strings.Cut(attribute, "=")
		value, err := enums.IndexedValueTypeFromString(kind)
		if err != nil {
			return fmt.Errorf("search attribute %q: %w", attribute, err)
		}
		attributes[name] = value
	}
	namespace, err := sqliteschema.NewNamespaceConfig(clusterName, s.namespace, false, attributes)
	if err != nil {
		return err
	}
	return sqliteschema.CreateNamespaces(store, namespace)
}

const clusterName = "active"

func newServer(store *config.SQL, s settings, ports []int) (temporal.Server, error) {
	c := &config.Config{}
	c.Global.Membership.MaxJoinDuration = 30 * time.Second
	c.Global.Membership.BroadcastAddress = loopback
	c.Persistence = config.Persistence{
		NumHistoryShards: 1, DefaultStore: "sqlite", VisibilityStore: "sqlite",
		DataStores: map[string]config.DataStore{"sqlite": {SQL: store}},
	}
	c.ClusterMetadata = &cluster.Config{
		FailoverVersionIncrement: 10, MasterClusterName: clusterName, CurrentClusterName: clusterName,
		ClusterInformation: map[string]cluster.ClusterInformation{clusterName: {
			Enabled: true, InitialFailoverVersion: 1, RPCAddress: address(s.port), ClusterID: "6d3f8c1e-7a52-4b0e-9c15-0f4f0d7c2b9a",
		}},
	}
	c.DCRedirectionPolicy.Policy = "noop"
	service := func(port, http int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: loopback, HTTPPort: http}}
	}
	c.Services = map[string]config.Service{
		"frontend": service(s.port, ports[3]), "history": service(ports[0], 0), "matching": service(ports[1], 0), "worker": service(ports[2], 0),
	}
	for _, archival := range []*string{
		&c.Archival.History.State, &c.Archival.Visibility.State,
		&c.NamespaceDefaults.Archival.History.State, &c.NamespaceDefaults.Archival.Visibility.State,
	} {
		*archival = "disabled"
	}
	c.PublicClient.HostPort = address(s.port)
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "error"}))
	authorizer, err := authorization.GetAuthorizerFromConfig(&c.Global.Authorization)
	if err != nil {
		return nil, err
	}
	claims, err := authorization.GetClaimMapperFromConfig(&c.Global.Authorization, logger)
	if err != nil {
		return nil, err
	}
	dynamic := dynamicconfig.StaticClient{
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key():                 8192,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): 100,
	}
	if s.suggest > 0 {
		dynamic[dynamicconfig.HistoryCountSuggestContinueAsNew.Key()] = s.suggest
	}
	host := func(port int) static.Hosts { return static.SingleLocalHost(address(port)) }
	return temporal.NewServer(
		temporal.WithConfig(c), temporal.ForServices(temporal.DefaultServices), temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorizer),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper { return claims }),
		temporal.WithDynamicConfigClient(dynamic),
		temporal.WithStaticHosts(map[primitives.ServiceName]static.Hosts{
			primitives.FrontendService: host(s.port), primitives.HistoryService: host(ports[0]),
			primitives.MatchingService: host(ports[1]), primitives.WorkerService: host(ports[2]),
		}),
	)
}

// freePorts finds ports for the services that nobody calls from outside.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		listener, err := net.Listen("tcp", address(0))
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		taken, ok := listener.Addr().(*net.TCPAddr)
		if !ok {
			return nil, fmt.Errorf("%s is no TCP address", listener.Addr())
		}
		ports[i] = taken.Port
	}
	return ports, nil
}
