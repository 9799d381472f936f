import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Reads messages of an agency's feed (CloudEvents 1.0, Kafka binary content mode) with the JDK alone (17 or newer).
 *
 * <p>{@code java RenkeiFeed.java GOLDEN_DIRECTORY} decodes the golden messages of libs/feed-schemas and prints a digest of each.
 * {@link #decode} is what a consumer needs; ../README.md shows it with kafka-clients.
 */
public final class RenkeiFeed {
  static final int VALUE_BYTES_MAX = 131_072;
  static final List<String> ATTRIBUTES = List.of("specversion", "id", "source", "type", "subject", "time", "dataschema", "partitionkey", "sequence");
  static final Pattern TYPE = Pattern.compile("renkei\\.[a-z][a-z0-9.-]{0,100}\\.v[0-9]{1,4}");

  /** No event of a feed, now or ever: it belongs on the dead-letter topic. Says which rule, never what stood there. */
  public static final class Poison extends Exception {
    Poison(String rule) {
      super(rule);
    }
  }

  /** Attributes by name, and the data as maps, lists, strings, booleans and numbers. */
  public record Event(Map<String, String> attributes, Map<String, Object> data) {
    public String source() {
      return attributes.get("source");
    }

    public String id() {
      return attributes.get("id");
    }

    public String type() {
      return attributes.get("type");
    }
  }

  /** The event that a Kafka record carries. A type that you do not know is not an error: leave it. */
  public static Event decode(byte[] key, Map<String, byte[]> headers, byte[] value) throws Poison {
    Map<String, String> attributes = new LinkedHashMap<>();
    for (String name : ATTRIBUTES) {
      byte[] header = headers.get("ce_" + name);
      if (header == null) throw new Poison("the header ce_" + name + " is missing");
      attributes.put(name, text(header));
    }
    byte[] contentType = headers.get("content-type");
    String mediaType = contentType == null ? "" : text(contentType).split(";", 2)[0].strip().toLowerCase();
    boolean ours = attributes.get("specversion").equals("1.0") && mediaType.equals("application/json") && TYPE.matcher(attributes.get("type")).matches();
    if (!ours) throw new Poison("no CloudEvent of a feed");
    attributes.put("datacontenttype", mediaType);
    if (key == null || !text(key).equals(attributes.get("partitionkey"))) throw new Poison("the key is not the partition key");
    if (value == null || value.length > VALUE_BYTES_MAX) throw new Poison("there is no value, or it is too large");
    if (!(new Json(text(value)).whole() instanceof Map<?, ?> read)) throw new Poison("the data is no object");
    Map<String, Object> data = new LinkedHashMap<>();
    read.forEach((name, member) -> data.put((String) name, member));
    return new Event(attributes, data);
  }

  static String text(byte[] bytes) throws Poison {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new Poison("the message is not UTF-8");
    }
  }

  /** SHA-256 over the lines {@code path=value}, in the order of the paths: the same in every language that read the same event. */
  static String digest(Event event) throws NoSuchAlgorithmException {
    TreeMap<String, String> lines = new TreeMap<>(event.attributes());
    flatten(event.data(), "data", lines);
    String joined = lines.entrySet().stream().map(line -> line.getKey() + "=" + line.getValue()).collect(Collectors.joining("\n"));
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(joined.getBytes(StandardCharsets.UTF_8)));
  }

  static void flatten(Object value, String path, Map<String, String> lines) {
    if (value instanceof Map<?, ?> members) members.forEach((name, member) -> flatten(member, path + "." + name, lines));
    else if (value instanceof List<?> list) for (int index = 0; index < list.size(); index++) flatten(list.get(index), path + "." + index, lines);
    else lines.put(path, String.valueOf(value));
  }

  /** JSON (RFC 8259), as far as data of the feed goes: whole numbers are kept as long. An application uses its own library. */
  static final class Json {
    private static final int DEPTH_MAX = 64;
    private final String text;
    private int at;
    private int depth;

    Json(String text) {
      this.text = text;
    }

    Object whole() throws Poison {
      Object value = value();
      space();
      if (at != text.length()) throw fault();
      return value;
    }

    private Object value() throws Poison {
      space();
      if (++depth > DEPTH_MAX) throw fault();
      try {
        switch (peek()) {
          case '{':
            return object();
          case '[':
            return array();
          case '"':
            return string();
          default:
            return literal();
        }
      } finally {
        depth--;
      }
    }

    private Map<String, Object> object() throws Poison {
      Map<String, Object> members = new LinkedHashMap<>();
      at++;
      for (boolean first = true; !ends('}', first); first = false) {
        String name = string();
        space();
        take(':');
        members.put(name, value());
      }
      return members;
    }

    private List<Object> array() throws Poison {
      List<Object> values = new ArrayList<>();
      at++;
      for (boolean first = true; !ends(']', first); first = false) values.add(value());
      return values;
    }

    /** Takes the closing sign, or the comma before the next member. */
    private boolean ends(char sign, boolean first) throws Poison {
      space();
      if (peek() == sign) {
        at++;
        return true;
      }
      if (!first) {
        take(',');
        space();
      }
      return false;
    }

    private String string() throws Poison {
      take('"');
      StringBuilder read = new StringBuilder();
      for (char sign = next(); sign != '"'; sign = next()) {
        if (sign < ' ') throw fault();
        read.append(sign == '\\' ? escaped() : sign);
      }
      return read.toString();
    }

    private char escaped() throws Poison {
      char sign = next();
      int which = "\"\\/bfnrt".indexOf(sign);
      if (which >= 0) return "\"\\/\b\f\n\r\t".charAt(which);
      if (sign != 'u' || at + 4 > text.length()) throw fault();
      String hex = text.substring(at, at += 4);
      if (!hex.matches("[0-9a-fA-F]{4}")) throw fault();
      return (char) Integer.parseInt(hex, 16);
    }

    private Object literal() throws Poison {
      int from = at;
      while (at < text.length() && "+-.eE".indexOf(text.charAt(at)) >= 0 || at < text.length() && Character.isLetterOrDigit(text.charAt(at))) at++;
      String word = text.substring(from, at);
      if (word.equals("true") || word.equals("false")) return Boolean.valueOf(word);
      if (word.equals("null")) return null;
      if (word.matches("-?(0|[1-9][0-9]{0,17})")) return Long.valueOf(word);
      if (word.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) return Double.valueOf(word);
      throw fault();
    }

    private void space() {
      while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private char peek() throws Poison {
      if (at >= text.length()) throw fault();
      return text.charAt(at);
    }

    private char next() throws Poison {
      char sign = peek();
      at++;
      return sign;
    }

    private void take(char sign) throws Poison {
      if (next() != sign) throw fault();
    }

    private Poison fault() {
      return new Poison("the value is not JSON");
    }
  }

  private static Map<?, ?> map(Object value) {
    return (Map<?, ?>) value;
  }

  private static byte[] bytes(Object base64) {
    return Base64.getDecoder().decode((String) base64);
  }

  public static void main(String[] args) throws IOException, NoSuchAlgorithmException, Poison {
    List<Path> files;
    try (var found = Files.list(Path.of(args[0]))) {
      files = found.filter(path -> path.toString().endsWith(".json")).sorted().toList();
    }
    int decoded = 0;
    for (Path file : files) {
      for (Object each : (List<?>) map(new Json(Files.readString(file)).whole()).get("messages")) {
        Map<?, ?> message = map(each);
        Map<String, byte[]> headers = new LinkedHashMap<>();
        map(message.get("headers")).forEach((name, text) -> headers.put((String) name, bytes(text)));
        Event event = decode(bytes(message.get("key")), headers, bytes(message.get("value")));
        System.out.println(event.type() + " " + event.id() + " " + digest(event));
        decoded++;
      }
    }
    System.out.println("decoded " + decoded);
  }
}
