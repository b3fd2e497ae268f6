import java.io.FileWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/**
 * Writes the records and the register of the corpus with parquet-java: {@code Write CORPUS MANIFEST}. It reads what parquet-go wrote, and one line of
 * JSON a file goes to MANIFEST.
 */
final class Write {
  /** How the columns of a file are typed. */
  private record Kinds(boolean required, boolean int96, boolean instants, boolean fixedDecimals, boolean bare) {}

  private final Path corpus;
  private final FileWriter notes;

  private Write(Path corpus, FileWriter notes) {
    this.corpus = corpus;
    this.notes = notes;
  }

  public static void main(String[] arguments) throws IOException {
    try (var notes = new FileWriter(arguments[1], StandardCharsets.UTF_8)) {
      new Write(Path.of(arguments[0]), notes).run();
    }
  }

  private void run() throws IOException {
    var usual = new Kinds(false, false, false, false, false);
    var required = new Kinds(true, false, false, false, false);
    var spark = new Kinds(false, true, false, true, false);
    var instants = new Kinds(false, false, true, true, false);
    var bare = new Kinds(false, false, false, false, true);
    var v1 = WriterVersion.PARQUET_1_0;
    var v2 = WriterVersion.PARQUET_2_0;
    List<Group> records = read("parquet-go/records.parquet");
    write("records.parquet", "snappy, data pages v1", records, usual, v1, CompressionCodecName.SNAPPY, true, 1 << 20);
    write("records-v2.parquet", "zstd, PARQUET_2_0: delta encodings", records, usual, v2, CompressionCodecName.ZSTD, false, 1 << 20);
    write("records-v2-dictionary.parquet", "gzip, PARQUET_2_0, small pages", records, usual, v2, CompressionCodecName.GZIP, true, 600);
    write("records-required.parquet", "lz4_raw, required but for the period", records, required, v1, CompressionCodecName.LZ4_RAW, true, 1 << 20);
    write("records-spark.parquet", "snappy, as old versions of Spark: INT96, decimals on fixed bytes, data pages v1", records, spark, v1, CompressionCodecName.SNAPPY, true, 1 << 20);
    write("records-instant.parquet", "zstd, instants in microseconds, PARQUET_2_0", records, instants, v2, CompressionCodecName.ZSTD, true, 1 << 20);
    write("records-bare.parquet", "zstd, text without annotation, no dictionaries", records, bare, v1, CompressionCodecName.ZSTD, false, 1000);
    List<Group> register = read("parquet-go/register.parquet");
    write("register.parquet", "snappy, data pages v1", register, usual, v1, CompressionCodecName.SNAPPY, true, 1 << 20);
    write("register-v2.parquet", "zstd, PARQUET_2_0, INT96", register, spark, v2, CompressionCodecName.ZSTD, true, 1 << 20);
  }

  private List<Group> read(String file) throws IOException {
    var groups = new ArrayList<Group>();
    var path = new org.apache.hadoop.fs.Path(corpus.resolve(file).toUri());
    try (var reader = ParquetReader.builder(new GroupReadSupport(), path).withConf(new Configuration()).build()) {
      for (Group group = reader.read(); group != null; group = reader.read()) {
        groups.add(group);
      }
    }
    return groups;
  }

  private void write(String name, String special, List<Group> groups, Kinds kinds, WriterVersion version, CompressionCodecName codec, boolean dictionary, int page)
      throws IOException {
    var folder = Files.createDirectories(corpus.resolve("parquet-java"));
    Files.deleteIfExists(folder.resolve(name));
    String of = name.startsWith("register") ? "register" : "records";
    notes.write("{\"file\": \"parquet-java/%s\", \"of\": \"%s\", \"program\": \"parquet-java\", \"version\": \"%s\", \"special\": \"%s\"}%n".formatted(name, of, version(), special));
    MessageType schema = schemaOf(groups, kinds);
    try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(new LocalOutputFile(folder.resolve(name)))
        .withConf(new PlainParquetConfiguration()).withType(schema).withWriterVersion(version).withCompressionCodec(codec).withDictionaryEncoding(dictionary)
        .withPageSize(page).withDictionaryPageSize(page).withPageRowCountLimit(page < 1 << 20 ? 64 : 20_000).withWriteMode(ParquetFileWriter.Mode.OVERWRITE).build()) {
      for (Group group : groups) {
        writer.write(copy(group, schema));
      }
    }
  }

  private static String version() throws IOException {
    var properties = new Properties();
    try (var in = ParquetWriter.class.getResourceAsStream("/META-INF/maven/org.apache.parquet/parquet-hadoop/pom.properties")) {
      properties.load(in);
    }
    return properties.getProperty("version");
  }

  private static boolean isDay(Type type) {
    return type.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.DateLogicalTypeAnnotation;
  }

  private static boolean isDecimal(Type type) {
    return type.getLogicalTypeAnnotation() instanceof LogicalTypeAnnotation.DecimalLogicalTypeAnnotation;
  }

  private static MessageType schemaOf(List<Group> groups, Kinds kinds) {
    var fields = new ArrayList<Type>();
    for (Type field : groups.get(0).getType().getFields()) {
      PrimitiveType type = field.asPrimitiveType();
      boolean isText = type.getPrimitiveTypeName() == PrimitiveTypeName.BINARY;
      boolean isMissing = groups.stream().anyMatch(group -> group.getFieldRepetitionCount(field.getName()) == 0);
      var repetition = kinds.required() && (isText || !isMissing) ? Type.Repetition.REQUIRED : Type.Repetition.OPTIONAL;
      if (isDay(field) && kinds.int96()) {
        fields.add(Types.primitive(PrimitiveTypeName.INT96, repetition).named(field.getName()));
      } else if (isDay(field) && kinds.instants()) {
        fields.add(Types.primitive(PrimitiveTypeName.INT64, repetition).as(LogicalTypeAnnotation.timestampType(true, TimeUnit.MICROS)).named(field.getName()));
      } else if (isDecimal(field) && kinds.fixedDecimals()) {
        fields.add(Types.primitive(PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY, repetition).length(8).as(LogicalTypeAnnotation.decimalType(2, 18)).named(field.getName()));
      } else if (isText && kinds.bare()) {
        fields.add(Types.primitive(PrimitiveTypeName.BINARY, repetition).named(field.getName()));
      } else {
        fields.add(Types.primitive(type.getPrimitiveTypeName(), repetition).as(type.getLogicalTypeAnnotation()).named(field.getName()));
      }
    }
    return new MessageType("spark_schema", fields);
  }

  private static Group copy(Group from, MessageType schema) {
    var to = new SimpleGroup(schema);
    for (Type field : schema.getFields()) {
      String name = field.getName();
      if (from.getFieldRepetitionCount(name) == 0) {
        if (field.isRepetition(Type.Repetition.REQUIRED)) {
          to.add(name, "");
        }
        continue;
      }
      Type source = from.getType().getType(name);
      switch (field.asPrimitiveType().getPrimitiveTypeName()) {
        case BOOLEAN -> to.add(name, from.getBoolean(name, 0));
        case INT32 -> to.add(name, from.getInteger(name, 0));
        // Noon in UTC is the same day in Sweden.
        case INT64 -> to.add(name, isDay(source) ? from.getInteger(name, 0) * 86_400_000_000L + 43_200_000_000L : from.getLong(name, 0));
        case INT96 -> to.add(name, Binary.fromConstantByteArray(
            ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putLong(43_200_000_000_000L).putInt(from.getInteger(name, 0) + 2_440_588).array()));
        case FIXED_LEN_BYTE_ARRAY -> to.add(name, Binary.fromConstantByteArray(ByteBuffer.allocate(8).putLong(from.getLong(name, 0)).array()));
        default -> to.add(name, from.getBinary(name, 0));
      }
    }
    return to;
  }
}
