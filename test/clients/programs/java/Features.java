import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.*;
import java.util.*;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The features of MariaDB Connector/J; ../../README.md says how programs work. */
public class Features {
    static final int MIB = 1 << 20;
    static final String BIG = "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000";
    static final long PATIENCE_MS = 20_000; // that a condition may take to come true

    interface Feature { Object check(Connection c) throws Exception; }

    static class NotOffered extends Exception { NotOffered(String why) { super(why); } }

    record Step(String on, boolean until, String sql, List<List<String>> rows, String[] error, String[] says) {}

    record Script(boolean whole, List<Step> steps) {}

    record Answer(List<List<String>> rows, String error, long affected, long id) {}

    static String env(String name) { return System.getenv().getOrDefault(name, ""); }

    static void check(Object got, Object want) {
        if (!Objects.equals(got, want)) throw new IllegalStateException("got " + got + " want " + want);
    }

    static Connection connect(String... options) throws SQLException {
        Properties p = new Properties();
        p.setProperty("user", env("DB_USER"));
        p.setProperty("password", env("DB_PASSWORD"));
        p.setProperty("useAffectedRows", "true");
        p.setProperty("connectTimeout", "30000");
        p.setProperty("allowLocalInfile", "true");
        String database = env("DB_NAME");
        for (int i = 0; i < options.length; i += 2) {
            if (options[i].equals("database")) database = options[i + 1];
            else p.setProperty(options[i], options[i + 1]);
        }
        Connection c = DriverManager.getConnection("jdbc:mariadb://" + env("DB_HOST") + ":" + env("DB_PORT") + "/" + database, p);
        select(c);
        return c;
    }

    static void select(Connection c) throws SQLException {
        if (env("CORE").isEmpty()) return;
        try (Statement s = c.createStatement()) { s.execute("select library " + env("CORE")); }
    }

    static List<List<String>> read(ResultSet r) throws SQLException {
        List<List<String>> rows = new ArrayList<>();
        int columns = r.getMetaData().getColumnCount();
        while (r.next()) {
            List<String> row = new ArrayList<>();
            for (int i = 1; i <= columns; i++) row.add(r.getString(i));
            rows.add(row);
        }
        return rows;
    }

    static Answer run(Connection c, String sql) {
        try (Statement s = c.createStatement()) {
            if (s.execute(sql, Statement.RETURN_GENERATED_KEYS)) return new Answer(read(s.getResultSet()), "", 0, 0);
            long affected = s.getUpdateCount(), id = 0;
            try (ResultSet keys = s.getGeneratedKeys()) { if (keys.next()) id = keys.getLong(1); }
            return new Answer(List.of(), "", affected, id);
        } catch (SQLException e) {
            return new Answer(List.of(), e.getErrorCode() + " " + e.getSQLState(), 0, 0);
        }
    }

    static List<List<String>> rows(Connection c, String sql) {
        Answer a = run(c, sql);
        if (!a.error.isEmpty()) throw new IllegalStateException(sql + ": " + a.error);
        return a.rows;
    }

    static String one(Connection c, String sql) { return rows(c, sql).get(0).get(0); }

    static Map<String, Script> scripts() throws IOException {
        Map<String, Script> all = new HashMap<>();
        List<Step> steps = null;
        for (String line : Files.readAllLines(Path.of(env("STATEMENTS")))) {
            String[] words = line.replace("${DB_NAME}", env("DB_NAME")).split(" ", 2);
            if (words.length < 2) continue;
            String rest = words[1];
            switch (words[0]) {
                case "=", "+" -> all.put(rest, new Script(words[0].equals("="), steps = new ArrayList<>()));
                case "1", "2", "1?", "2?" -> steps.add(new Step(words[0].substring(0, 1), words[0].length() > 1, rest, new ArrayList<>(), new String[] {""}, new String[] {"-", "-"}));
                case ">" -> steps.get(steps.size() - 1).rows.add(Arrays.stream(rest.split("\t", -1)).map(v -> v.equals("\\N") ? null : v).collect(Collectors.toList()));
                case "!" -> steps.get(steps.size() - 1).error[0] = rest;
                case "~" -> System.arraycopy(rest.split(" "), 0, steps.get(steps.size() - 1).says, 0, 2);
                default -> { }
            }
        }
        return all;
    }

    static void execute(Connection c, Step step) throws InterruptedException {
        Answer a = run(c, step.sql);
        for (long end = System.currentTimeMillis() + PATIENCE_MS; step.until && !a.rows.equals(step.rows) && System.currentTimeMillis() < end; a = run(c, step.sql)) Thread.sleep(20);
        check(step.sql + ": " + a.error, step.sql + ": " + step.error[0]);
        check(a.rows, step.rows);
        if (!step.says[0].equals("-")) check("" + a.affected, step.says[0]);
        if (!step.says[1].equals("-")) check("" + a.id, step.says[1]);
    }

    static Object feature(String name, Script script) throws Exception {
        Feature f = NATIVE.get(name);
        if (f == null && (script == null || !script.whole)) throw new NotOffered("the driver has nothing of the kind");
        Connection c = connect(), second = null;
        try {
            for (Step step : script == null ? List.<Step>of() : script.steps) {
                if (step.on.equals("2") && second == null) second = connect();
                execute(step.on.equals("2") ? second : c, step);
            }
            return f == null ? null : f.check(c);
        } finally {
            if (second != null) second.close();
            c.close();
        }
    }

    public static void main(String[] args) throws Exception {
        var scripts = scripts();
        var out = new java.io.PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String name : env("FEATURES").split(" ")) {
            String line;
            try {
                Object seen = feature(name, scripts.get(name));
                line = "ok " + name + (seen == null ? "" : ": " + seen);
            } catch (NotOffered e) {
                line = "n/a " + name + ": " + e.getMessage();
            } catch (Exception e) {
                line = "FAIL " + name + ": " + e;
            }
            out.println(line.replace('\n', ' '));
        }
        System.exit(0);
    }

    static Object refused(String want, String... options) {
        try (Connection c = connect(options)) {
            check("no error", want);
        } catch (SQLException e) {
            check(e.getErrorCode() + " " + e.getSQLState(), want);
        }
        return null;
    }

    interface Work { Object with(Connection c) throws Exception; }

    static Object with(Work work, String... options) throws Exception {
        try (Connection c = connect(options)) { return work.with(c); }
    }

    static String error(Work work, Connection c) throws Exception {
        try {
            work.with(c);
            return "no error";
        } catch (SQLException e) {
            return e.getErrorCode() + " " + e.getSQLState();
        }
    }

    /** Ends a sleeping statement from a second connection by CONNECTION_ID(), which the driver does not show otherwise. */
    static String killed(Connection c, String kill) throws Exception {
        String id = one(c, "SELECT CONNECTION_ID()");
        String[] ended = {null};
        Thread t = new Thread(() -> ended[0] = run(c, "SELECT SLEEP(30)").error);
        t.start();
        with(d -> {
            execute(d, new Step("2", true, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT SLEEP(30)%'", List.of(List.of("1")), new String[] {""}, new String[] {"-", "-"}));
            return rows(d, kill + " " + id);
        });
        t.join();
        return ended[0];
    }

    static Object bulk(String... options) throws Exception {
        return with(c -> {
            rows(c, "TRUNCATE TABLE bulk");
            try (PreparedStatement s = c.prepareStatement("INSERT INTO bulk VALUES (?, ?)")) {
                for (int i = 0; i < 5000; i++) {
                    s.setInt(1, i);
                    s.setString(2, "ä");
                    s.addBatch();
                }
                check(s.executeBatch().length, 5000);
            }
            check(one(c, "SELECT COUNT(*) FROM bulk WHERE name = 'ä'"), "5000");
            return null;
        }, options);
    }

    static Object bind(Connection c, String... options) throws Exception {
        try (PreparedStatement s = c.prepareStatement("INSERT INTO bound VALUES (?, ?, ?, ?, ?, ?, ?, ?)")) {
            s.setInt(1, 10);
            s.setLong(2, -9007199254740991L);
            s.setDouble(3, 2.5);
            s.setBigDecimal(4, new java.math.BigDecimal("12345.678"));
            s.setTimestamp(5, Timestamp.valueOf("2024-02-29 12:34:56"));
            s.setString(6, "Käthe 😀");
            s.setBytes(7, new byte[] {0, (byte) 255, 92, 39});
            s.setNull(8, Types.INTEGER);
            check(s.executeUpdate(), 1);
        }
        check(one(c, "SELECT CONCAT_WS('|', id, i64, d, dc, ts, tx, HEX(bl), nu IS NULL) FROM bound"), "10|-9007199254740991|2.5|12345.67800|2024-02-29 12:34:56|Käthe 😀|00FF5C27|1");
        try (PreparedStatement s = c.prepareStatement("SELECT id, i64, d, dc, ts, tx, nu FROM bound WHERE id = ?")) {
            s.setInt(1, 10);
            return read(s.executeQuery());
        }
    }

    static final Map<String, Feature> NATIVE = new HashMap<>();

    static {
        NATIVE.put("server-version", c -> c.getMetaData().getDatabaseProductVersion());
        NATIVE.put("connect-attributes", c -> with(d -> {
            check(one(d, "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = CONNECTION_ID() AND attr_name = 'program_name'"), "features");
            return null;
        }, "connectionAttributes", "program_name:features"));
        NATIVE.put("access-denied", c -> refused("1045 28000", "password", "wrong"));
        NATIVE.put("unknown-database", c -> refused("1049 42000", "database", "no_such_database"));
        NATIVE.put("ping", c -> { check(c.isValid(5), true); return null; });
        NATIVE.put("init-db", c -> {
            c.setCatalog("information_schema");
            check(one(c, "SELECT DATABASE()"), "information_schema");
            check(c.getCatalog(), "information_schema");
            return null;
        });
        NATIVE.put("tls", c -> with(d -> { check(one(d, "SELECT 1"), "1"); return null; }, "useSsl", "true", "trustServerCertificate", "true"));
        NATIVE.put("compression", c -> with(d -> { check(one(d, "SELECT REPEAT('z', 1000000)").length(), 1000000); return null; }, "useCompression", "true"));
        NATIVE.put("text-types", c -> rows(c, "SELECT i8, u8, i16, i24, i64, u64, f, d, dc, dt, tm, ts, y, HEX(vb), HEX(bl), tx, HEX(bt), en, st, js, nu FROM kinds ORDER BY id"));
        NATIVE.put("prepared-types", c -> with(d -> bind(d), "useServerPrepStmts", "true"));
        NATIVE.put("prepared-reexecute", c -> with(d -> {
            List<String> got = new ArrayList<>();
            try (PreparedStatement s = d.prepareStatement("SELECT ?")) {
                for (Object v : new Object[] {41, "text", null, 2.5, 42L}) {
                    s.setObject(1, v);
                    got.add(read(s.executeQuery()).get(0).get(0));
                }
            }
            check(got, Arrays.asList("41", "text", null, "2.5", "42"));
            return null;
        }, "useServerPrepStmts", "true"));
        NATIVE.put("prepared-long-data", c -> with(d -> {
            try (PreparedStatement s = d.prepareStatement("SELECT LENGTH(?)")) {
                s.setBinaryStream(1, new java.io.ByteArrayInputStream(new byte[3 * MIB]));
                check(read(s.executeQuery()), List.of(List.of("" + 3 * MIB)));
            }
            return null;
        }, "useServerPrepStmts", "true"));
        NATIVE.put("prepared-many-parameters", c -> with(d -> {
            try (PreparedStatement s = d.prepareStatement("SELECT COUNT(*) FROM seq_1_to_5000 WHERE seq IN (?" + ",?".repeat(1999) + ")")) {
                for (int i = 1; i <= 2000; i++) s.setInt(i, i);
                check(read(s.executeQuery()), List.of(List.of("2000")));
            }
            return null;
        }, "useServerPrepStmts", "true"));
        NATIVE.put("prepared-out-parameters", c -> with(d -> {
            try (CallableStatement s = d.prepareCall("{CALL doubled(?, ?, ?)}")) {
                s.setInt(1, 21);
                s.registerOutParameter(2, Types.INTEGER);
                s.setInt(3, 5);
                s.registerOutParameter(3, Types.INTEGER);
                s.execute();
                check(List.of(s.getInt(2), s.getInt(3)), List.of(42, 6));
            }
            return null;
        }, "useServerPrepStmts", "true"));
        NATIVE.put("found-rows-flag", c -> {
            check(run(c, "UPDATE matched SET n = n").affected, 0L);
            return with(d -> { check(run(d, "UPDATE matched SET n = n").affected, 2L); return null; }, "useAffectedRows", "false");
        });
        NATIVE.put("warning-count", c -> {
            try (Statement s = c.createStatement()) {
                s.execute("DROP TABLE IF EXISTS never_there");
                check(s.getWarnings() != null, true);
            }
            return null;
        });
        NATIVE.put("multi-statements", c -> with(d -> {
            try (Statement s = d.createStatement()) {
                check(s.execute("SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'"), true);
                check(read(s.getResultSet()), List.of(List.of("1")));
                check(s.getMoreResults(), false);
                check(s.getUpdateCount(), 2);
                check(s.getMoreResults(), true);
                check(read(s.getResultSet()), List.of(List.of("2", "b")));
            }
            check(run(d, "SELECT 1; nonsense").error, "1064 42000");
            return null;
        }, "allowMultiQueries", "true"));
        NATIVE.put("procedure-results", c -> {
            try (CallableStatement s = c.prepareCall("{CALL sets_of(4)}")) {
                check(s.execute(), true);
                check(read(s.getResultSet()), List.of(List.of("4", "5")));
                check(s.getMoreResults(), true);
                check(read(s.getResultSet()), List.of(List.of("x"), List.of("y")));
            }
            check(one(c, "SELECT n FROM called"), "4");
            return null;
        });
        NATIVE.put("transaction-api", c -> {
            c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
            check(one(c, "SELECT @@tx_isolation"), "SERIALIZABLE");
            c.setAutoCommit(false);
            rows(c, "INSERT INTO api VALUES (1)");
            c.rollback();
            rows(c, "INSERT INTO api VALUES (2)");
            Savepoint p = c.setSavepoint("p");
            rows(c, "INSERT INTO api VALUES (3)");
            c.rollback(p);
            c.commit();
            c.setAutoCommit(true);
            c.setReadOnly(true);
            check(rows(c, "SELECT id FROM api"), List.of(List.of("2")));
            return null;
        });
        NATIVE.put("quoting", c -> {
            try (PreparedStatement s = c.prepareStatement("SELECT ?")) {
                s.setString(1, "a\\b'c");
                check(read(s.executeQuery()), List.of(List.of("a\\b'c")));
            }
            return null;
        });
        NATIVE.put("local-infile", c -> {
            Path file = Path.of(env("WORK"), "java-infile");
            Files.writeString(file, IntStream.range(0, 20000).mapToObj(n -> n + "\tname " + n + "\n").collect(Collectors.joining()));
            rows(c, "LOAD DATA LOCAL INFILE '" + file + "' INTO TABLE loaded");
            check(rows(c, "SELECT COUNT(*), SUM(id) FROM loaded WHERE name = CONCAT('name ', id)"), List.of(List.of("20000", "199990000")));
            return null;
        });
        NATIVE.put("large-statement", c -> with(d -> {
            check(one(d, "SELECT LENGTH('" + "x".repeat(20 * MIB) + "')"), "" + 20 * MIB);
            try (PreparedStatement s = d.prepareStatement("SELECT LENGTH(?)")) {
                s.setString(1, "x".repeat(20 * MIB));
                check(read(s.executeQuery()), List.of(List.of("" + 20 * MIB)));
            }
            return null;
        }, "useServerPrepStmts", "true"));
        NATIVE.put("large-row", c -> { check(rows(c, "SELECT REPEAT('y', 20971520), 5"), List.of(List.of("y".repeat(20 * MIB), "5"))); return null; });
        NATIVE.put("large-result", c -> { check(rows(c, BIG).stream().mapToLong(r -> Long.parseLong(r.get(0))).sum(), 5000050000L); return null; });
        NATIVE.put("streamed-result", c -> {
            long sum = 0;
            try (Statement s = c.createStatement()) {
                s.setFetchSize(100);
                for (ResultSet r = s.executeQuery(BIG); r.next();) sum += r.getLong(1);
            }
            check(sum, 5000050000L);
            return null;
        });
        NATIVE.put("bulk-insert", c -> {
            bulk("useBulkStmts", "true", "useServerPrepStmts", "true");
            bulk("useBulkStmts", "false", "rewriteBatchedStatements", "true");
            return null;
        });
        NATIVE.put("pipelining", c -> bulk("useBulkStmts", "false", "useBatchMultiSend", "true", "useServerPrepStmts", "false"));
        NATIVE.put("kill-query", c -> { check(killed(c, "KILL QUERY"), "1317 70100"); check(one(c, "SELECT 1"), "1"); return null; });
        NATIVE.put("kill-connection", c -> {
            check(killed(c, "KILL").isEmpty(), false);
            check(run(c, "SELECT 1").error.isEmpty(), false);
            return null;
        });
        NATIVE.put("query-timeout", c -> {
            try (Statement s = c.createStatement()) {
                s.setQueryTimeout(1); // max_statement_time
                check(error(d -> s.executeQuery("SELECT SLEEP(31)"), c), "1969 70100");
            }
            try (Statement s = c.createStatement()) { // cancel: KILL QUERY of the greeting's id
                Thread t = new Thread(() -> {
                    try (Connection d = connect()) {
                        execute(d, new Step("2", true, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT SLEEP(32)%'", List.of(List.of("1")), new String[] {""}, new String[] {"-", "-"}));
                        s.cancel();
                    } catch (Exception e) {
                        System.err.println(e);
                    }
                });
                t.start();
                String got = error(d -> s.executeQuery("SELECT SLEEP(32)"), c);
                t.join();
                check(got, "1317 70100");
            }
            return null;
        });
        NATIVE.put("abandoned-result", c -> {
            Statement s = c.createStatement();
            s.setFetchSize(10);
            ResultSet r = s.executeQuery(BIG);
            check(r.next(), true);
            c.abort(Runnable::run);
            return with(d -> { check(one(d, "SELECT 1"), "1"); return null; });
        });
    }
}
