using System.Text;

namespace Egregore.Wire.Generator.Schema;

internal enum TokenKind
{
    Identifier,
    Number,
    Text,
    Symbol,
    Documentation,
    End,
}

internal readonly struct Token(TokenKind kind, string text, SchemaPosition position)
{
    public TokenKind Kind { get; } = kind;

    public string Text { get; } = text;

    public SchemaPosition Position { get; } = position;

    public bool Is(string symbolOrWord) => Kind is TokenKind.Symbol or TokenKind.Identifier && Text == symbolOrWord;
}

/// <summary>Splits the text of a schema into tokens; comments vanish, except for <c>///</c> documentation.</summary>
internal sealed class SchemaLexer(string text)
{
    private int _index;
    private int _line;
    private int _lineStart;

    public List<Token> Read()
    {
        var tokens = new List<Token>();
        while (true)
        {
            SkipBlank();
            SchemaPosition position = Here();
            if (_index >= text.Length)
            {
                tokens.Add(new Token(TokenKind.End, "end of file", position));
                return tokens;
            }
            char c = text[_index];
            if (c == '/' && At(1) == '/')
            {
                ReadLineComment(tokens, position);
            }
            else if (c == '/' && At(1) == '*')
            {
                SkipBlockComment(position);
            }
            else if (c == '"' || c == '\'')
            {
                tokens.Add(new Token(TokenKind.Text, ReadText(c, position), position));
            }
            else if (IsWordStart(c))
            {
                tokens.Add(new Token(TokenKind.Identifier, ReadWhile(IsWordPart), position));
            }
            else if (char.IsDigit(c) || (c is '-' or '+' or '.' && (char.IsDigit(At(1)) || At(1) == '.' || IsWordStart(At(1)))) && c != '.')
            {
                tokens.Add(new Token(TokenKind.Number, ReadNumber(), position));
            }
            else if ("{}()[]:;,=.".IndexOf(c) >= 0)
            {
                _index++;
                tokens.Add(new Token(TokenKind.Symbol, c.ToString(), position));
            }
            else
            {
                throw new SchemaException(SchemaErrorKind.Syntax, position, $"'{c}' has no meaning in a schema");
            }
        }
    }

    private static bool IsWordStart(char c) => c is >= 'a' and <= 'z' or >= 'A' and <= 'Z' or '_';

    private static bool IsWordPart(char c) => IsWordStart(c) || c is >= '0' and <= '9';

    private char At(int ahead) => _index + ahead < text.Length ? text[_index + ahead] : '\0';

    private SchemaPosition Here() => new(_line, _index - _lineStart);

    private void SkipBlank()
    {
        while (_index < text.Length && (char.IsWhiteSpace(text[_index]) || text[_index] == '\uFEFF'))
        {
            Advance();
        }
    }

    private void Advance()
    {
        if (text[_index++] == '\n')
        {
            _line++;
            _lineStart = _index;
        }
    }

    private void ReadLineComment(List<Token> tokens, SchemaPosition position)
    {
        int start = _index;
        while (_index < text.Length && text[_index] is not ('\n' or '\r'))
        {
            _index++;
        }
        string comment = text.Substring(start, _index - start);
        if (comment.StartsWith("///", StringComparison.Ordinal) && !comment.StartsWith("////", StringComparison.Ordinal))
        {
            tokens.Add(new Token(TokenKind.Documentation, comment.Substring(3).Trim(), position));
        }
    }

    private void SkipBlockComment(SchemaPosition position)
    {
        _index += 2;
        while (!(At(0) == '*' && At(1) == '/'))
        {
            if (_index >= text.Length)
            {
                throw new SchemaException(SchemaErrorKind.Syntax, position, "the comment has no end");
            }
            Advance();
        }
        _index += 2;
    }

    private string ReadText(char quote, SchemaPosition position)
    {
        var content = new StringBuilder();
        _index++;
        while (At(0) != quote)
        {
            if (_index >= text.Length || At(0) == '\n')
            {
                throw new SchemaException(SchemaErrorKind.Syntax, position, "the text has no closing quote");
            }
            if (At(0) == '\\')
            {
                _index++;
            }
            content.Append(At(0));
            _index++;
        }
        _index++;
        return content.ToString();
    }

    private string ReadWhile(Func<char, bool> belongs)
    {
        int start = _index;
        while (_index < text.Length && belongs(text[_index]))
        {
            _index++;
        }
        return text.Substring(start, _index - start);
    }

    private string ReadNumber()
    {
        int start = _index;
        _index++;
        while (_index < text.Length)
        {
            char c = text[_index];
            bool exponentSign = c is '+' or '-' && text[_index - 1] is 'e' or 'E' && !text.Substring(start, 2).Equals("0x", StringComparison.OrdinalIgnoreCase);
            if (!IsWordPart(c) && c != '.' && !exponentSign)
            {
                break;
            }
            _index++;
        }
        return text.Substring(start, _index - start);
    }
}
