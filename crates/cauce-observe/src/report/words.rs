//! All words of a report, in every language: one that lacks a word does not compile.

use crate::alert::words::Language;

macro_rules! words {
    ($($name:ident: $english:literal, $spanish:literal;)*) => {
        /// A word or a sentence; `{}` stands for what is filled in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Word {
            $(#[doc = $english] $name,)*
        }

        impl Word {
            /// All of them.
            #[cfg(test)]
            const ALL: &[Word] = &[$(Word::$name,)*];

            /// The word in a language.
            pub const fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Word::$name, Language::En) => $english,
                    (Word::$name, Language::Es) => $spanish,)*
                }
            }
        }
    };
}

words! {
    DailyReport: "Daily report", "Informe diario";
    WeeklyReport: "Weekly report", "Informe semanal";
    MonthlyReport: "Monthly report", "Informe mensual";
    Report: "Report", "Informe";
    Until: "{} to {}", "{} a {}";
    SoFar: "{} (until {})", "{} (hasta el {})";
    ComparedWith: "Compared with {}", "Comparado con {}";
    MadeAt: "Made on {}, time zone {}", "Elaborado el {}, zona horaria {}";
    PageOf: "Page {} of {}", "Página {} de {}";
    Before: "before: {}", "antes: {}";
    NothingHere: "Nothing in this period.", "Nada en este periodo.";
    Detail: "Figures in detail", "Cifras en detalle";
    Continued: "{} (continued)", "{} (continuación)";
    Notes: "How to read these figures", "Cómo leer estas cifras";
    Summary: "Summary", "Resumen";
    Points: "pp", "pp";
    Figure: "Figure", "Cifra";
    ThisPeriod: "This period", "Este periodo";
    PeriodBefore: "Period before", "Periodo anterior";
    Change: "Change", "Cambio";
    Time: "Time", "Momento";
    Day: "Day", "Día";
    Week: "Week from", "Semana del";
    Hour: "Hour", "Hora";
    Weekday: "Weekday", "Día de la semana";
    Kind: "Kind", "Tipo";
    Channel: "Channel", "Canal";
    Error: "Error", "Error";
    Count: "Count", "Número";
    ShareOfAll: "Share", "Porcentaje";
    Mean: "Mean", "Media";
    HalfWithin: "Median", "Mediana";
    Within95: "95% within", "El 95 % en";
    Within99: "99% within", "El 99 % en";
    Currency: "Currency", "Moneda";
    Messages: "Messages", "Mensajes";
    Sent: "Sent", "Enviados";
    Received: "Received", "Recibidos";
    Delivered: "Delivered", "Entregados";
    Read: "Read", "Leídos";
    Failed: "Failed", "Fallidos";
    DeliveryRate: "Delivered, of sent", "Entregados, de los enviados";
    ReadRate: "Read, of delivered", "Leídos, de los entregados";
    FailureRate: "Failed, of all", "Fallidos, del total";
    MessagesSent: "Messages sent", "Mensajes enviados";
    MessagesReceived: "Messages received", "Mensajes recibidos";
    MessagesByHour: "Messages by hour", "Mensajes por hora";
    MessagesByDay: "Messages by day", "Mensajes por día";
    MessagesByWeek: "Messages by week", "Mensajes por semana";
    MessagesByType: "Messages by kind", "Mensajes por tipo";
    MessagesByChannel: "Messages by channel", "Mensajes por canal";
    HoursOfDay: "Messages by hour of the day", "Mensajes por hora del día";
    Weekdays: "Messages by weekday", "Mensajes por día de la semana";
    Errors: "Why messages failed", "Por qué fallaron mensajes";
    Conversations: "Conversations", "Conversaciones";
    Started: "Started", "Iniciadas";
    Ended: "Ended", "Terminadas";
    Active: "Open at the end", "Abiertas al final";
    HandOffs: "Hand-offs to a person", "Traspasos a una persona";
    HandOffRate: "Handed off, of ended", "Con traspaso, de las terminadas";
    MessagesEach: "Messages each", "Mensajes por conversación";
    ConversationsStarted: "Conversations started", "Conversaciones iniciadas";
    FirstResponseHalf: "First response, median", "Primera respuesta, mediana";
    ResponseTimes: "Response times", "Tiempos de respuesta";
    FirstResponse: "First response", "Primera respuesta";
    EachResponse: "Each response", "Cada respuesta";
    FirstResponseInHours: "First response, in business hours", "Primera respuesta, en horario de atención";
    EachResponseInHours: "Each response, in business hours", "Cada respuesta, en horario de atención";
    Duration: "Length of conversations", "Duración de conversaciones";
    What: "What", "Qué";
    EndedBy: "Who ended conversations", "Quién terminó las conversaciones";
    Silence: "Silence", "Silencio";
    NobodySaid: "Not said", "No se dijo";
    Conversions: "Conversions", "Conversiones";
    Lead: "Leads", "Clientes potenciales";
    QualifiedLead: "Qualified leads", "Potenciales cualificados";
    Appointment: "Appointments", "Citas";
    Sale: "Sales", "Ventas";
    AllConversions: "All conversions", "Todas las conversiones";
    Funnel: "From lead to sale", "Del interés a la venta";
    Step: "Step", "Paso";
    People: "People", "Personas";
    OfStepBefore: "Of the step before", "Del paso anterior";
    OfFirst: "Of the first step", "Del primer paso";
    Money: "Revenue and cost", "Ingresos y coste";
    Revenue: "Revenue", "Ingresos";
    RevenueBefore: "Revenue before", "Ingresos antes";
    RevenueIn: "Revenue in {}", "Ingresos en {}";
    Cost: "Cost", "Coste";
    Roi: "Return on cost", "Retorno del coste";
    Campaigns: "Campaigns", "Campañas";
    Campaign: "Campaign", "Campaña";
    Answered: "Answered", "Respondidos";
    Engagement: "Answered, of delivered", "Respondidos, de los entregados";
    Converted: "People converted", "Personas convertidas";
    ConversionRate: "Converted, of sent", "Convertidos, de los enviados";
    CampaignMoney: "Revenue and cost of campaigns", "Ingresos y coste de campañas";
    Variants: "Variants of campaigns", "Variantes de campañas";
    Variant: "Variant", "Variante";
    Unnamed: "(none)", "(ninguna)";
    RateAtLeast: "At least", "Como mínimo";
    RateAtMost: "At most", "Como máximo";
    Difference: "Unlike the best", "Distinta de la mejor";
    IsBest: "best", "la mejor";
    IsReal: "yes, really", "sí, de verdad";
    NotYet: "may be chance", "puede ser azar";
    TooFew: "too few yet", "aún muy pocos";
    Delivery: "Delivery", "Envío";
    BusiestMinute: "Most in one minute", "Máximo en un minuto";
    FailedAttempts: "Failed attempts", "Intentos fallidos";
    Retries: "Attempts again", "Reintentos";
    Latency: "From due to there", "Desde que tocaba hasta que llegó";
    ToProvider: "To the provider", "Al proveedor";
    ToDelivered: "To the person", "A la persona";
    AttemptErrors: "Why attempts failed", "Por qué fallaron intentos";
    Outlook: "Outlook", "Previsión";
    Forecast: "Messages to be expected", "Mensajes esperados";
    Expected: "Expected", "Esperados";
    Unusual: "Unusual hours", "Horas fuera de lo normal";
    Counted: "Counted", "Contados";
    NoteChange: "Changes are against {}. The change of a rate is in percentage points (pp).",
        "Los cambios son frente a {}. El cambio de un porcentaje va en puntos porcentuales (pp).";
    NoteExact: "Counts and money are exact: every event is counted once, none is estimated.",
        "Los recuentos y el dinero son exactos: cada evento cuenta una vez y ninguno se estima.";
    NoteQuantiles: "Medians and “within” are estimated; they are off by at most {}. \
        Means are exact.",
        "Las medianas y «el 95 % en» son estimaciones, con un error máximo del {}. \
        Las medias son exactas.";
    NoteFunnel: "The funnel counts the people who entered it in this period, and how far they have \
        come since.",
        "El embudo cuenta a las personas que entraron en este periodo y hasta dónde han llegado \
        desde entonces.";
    NoteCurrencies: "Currencies are never added up or converted.",
        "Las monedas nunca se suman ni se convierten.";
    NoteRoi: "The return on cost is (revenue - cost) / cost, where there was a cost.",
        "El retorno es (ingresos - coste) / coste, donde hubo coste.";
    NoteRange: "“At least” and “at most” hold the true rate in 95 of 100 cases. A difference is \
        called real where it would be so even for one who looks every day for two weeks.",
        "«Como mínimo» y «como máximo» contienen el valor real en 95 de 100 casos. Una diferencia \
        es de verdad cuando lo sería incluso para quien mira a diario dos semanas.";
    NoteCampaigns: "At most {} campaigns are listed: those that most people converted after, then \
        those of most messages.",
        "Se listan como mucho {} campañas: aquellas tras las que más personas convirtieron y luego \
        las de más mensajes.";
    NoteUnfinished: "This period is not over: it holds what happened until {}, and is compared with \
        a whole one.",
        "Este periodo no ha terminado: contiene lo ocurrido hasta el {} y se compara con uno \
        entero.";
    NoteForecast: "An expectation is the median of the same hours of the weeks before. On the last \
        {} weeks it was off by {} of a day’s messages.",
        "La previsión es la mediana de las mismas horas de las semanas anteriores. En las últimas \
        {} semanas falló en un {} de los mensajes de un día.";
    NoteJudgedFrom: "Hours are judged from {} on.", "Se juzgan las horas desde el {}.";
    NoteNotJudged: "There is too little past to tell which hours were unusual: it takes {} weeks.",
        "Hay muy poco pasado para decir qué horas fueron inusuales: hacen falta {} semanas.";
    LetterFooter: "This letter is sent by itself: report “{}” of Cauce.",
        "Este correo se envía solo: informe «{}» de Cauce.";
    NoteLetters: "A letter that the font of this document does not have is printed as “?”; the \
        workbook has it.",
        "Una letra que el tipo de este documento no tiene se imprime como «?»; el libro de cálculo \
        la tiene.";
    NoteForecastUntested: "An expectation is the median of the same hours of the weeks before. There \
        is too little past to tell how far it is off.",
        "La previsión es la mediana de las mismas horas de las semanas anteriores. Hay muy poco \
        pasado para decir cuánto se desvía.";
    NoteNoForecast: "There is too little past for an outlook: it takes {} weeks.",
        "Hay muy poco pasado para una previsión: hacen falta {} semanas.";
    NoteMinutes: "The most in one minute is not known: minutes are kept for a shorter time.",
        "El máximo en un minuto no se conoce: los minutos se guardan menos tiempo.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_have_the_same_places_in_every_language() {
        for word in Word::ALL {
            let places = [Language::En, Language::Es]
                .map(|language| word.text(language).matches("{}").count());
            assert_eq!(places[0], places[1], "{word:?}");
        }
    }

    #[test]
    fn every_letter_can_be_printed_in_a_western_font() {
        let is_western = |letter: char| letter <= '\u{ff}' || "–“”’€".contains(letter);
        for word in Word::ALL {
            for language in [Language::En, Language::Es] {
                assert!(word.text(language).chars().all(is_western), "{word:?}");
            }
        }
    }
}
