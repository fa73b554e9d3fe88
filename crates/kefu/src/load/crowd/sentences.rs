//! What made-up customers and agents say.
//!
//! Owns the sentences, in simplified and traditional Chinese and in English. `{order}` and `{product}` are filled in.

use kefu_contracts::Language;

/// Ways to say the same thing, by language.
#[derive(Debug)]
pub(super) struct Texts {
    hans: &'static [&'static str],
    hant: &'static [&'static str],
    en: &'static [&'static str],
}

impl Texts {
    pub(super) fn of(&self, language: Language) -> &'static [&'static str] {
        match language {
            Language::ZhHans => self.hans,
            Language::ZhHant => self.hant,
            Language::En | Language::Other => self.en,
        }
    }
}

/// A piece of goods: its article number, and what it is called.
#[derive(Debug)]
pub(super) struct Product {
    pub(super) sku: &'static str,
    pub(super) category: &'static str,
    pub(super) price: f64,
    hans: &'static str,
    hant: &'static str,
    en: &'static str,
}

impl Product {
    pub(super) fn name(&self, language: Language) -> &'static str {
        match language {
            Language::ZhHans => self.hans,
            Language::ZhHant => self.hant,
            Language::En | Language::Other => self.en,
        }
    }
}

const fn product(
    sku: &'static str,
    category: &'static str,
    price: f64,
    [hans, hant, en]: [&'static str; 3],
) -> Product {
    Product { sku, category, price, hans, hant, en }
}

pub(super) const PRODUCTS: &[Product] = &[
    product("CL-2101", "clothing", 259.0, ["羽绒服", "羽絨衣", "down jacket"]),
    product("CL-2144", "clothing", 129.0, ["牛仔裤", "牛仔褲", "jeans"]),
    product("SH-3307", "shoes", 399.0, ["跑鞋", "慢跑鞋", "running shoes"]),
    product("EL-1020", "electronics", 899.0, ["蓝牙耳机", "藍牙耳機", "headphones"]),
    product("EL-1077", "electronics", 2499.0, ["平板电脑", "平板電腦", "tablet"]),
    product("HO-4410", "home", 189.0, ["台灯", "檯燈", "desk lamp"]),
    product("HO-4482", "home", 79.0, ["保温杯", "保溫瓶", "flask"]),
    product("KI-5203", "kitchen", 349.0, ["空气炸锅", "氣炸鍋", "air fryer"]),
    product("BE-6120", "beauty", 219.0, ["面霜", "面霜", "face cream"]),
    product("TO-7015", "toys", 149.0, ["积木", "積木", "building blocks"]),
];

const SIZE: Texts = Texts {
    hans: &["请问{product}有几种尺码?", "{product}的材质是什么,会掉色吗?", "想买{product},和图片颜色一样吗?"],
    hant: &["請問{product}有哪些尺寸?", "{product}是什麼材質,會褪色嗎?", "{product}還有現貨嗎?"],
    en: &[
        "Which sizes does the {product} come in?",
        "Is the {product} still in stock?",
        "What is the {product} made of?",
    ],
};
const STATUS: Texts = Texts {
    hans: &["订单{order}什么时候发货?", "帮我查一下{order}到哪里了", "{order}付款三天了还没有动静,请查一下"],
    hant: &["訂單{order}什麼時候會出貨?", "請幫我查{order}目前的進度", "{order}的物流好幾天沒更新了"],
    en: &["When will order {order} ship?", "Could you tell me where {order} is?", "Any news about order {order}?"],
};
const CHANGE: Texts = Texts {
    hans: &["订单{order}的收货地址写错了,可以改吗?", "还没发货的话请取消{order}", "{order}能不能再加一件{product}?"],
    hant: &["訂單{order}地址填錯了,可以更改嗎?", "如果還沒出貨,請幫我取消{order}", "{order}想改成超商取貨"],
    en: &["I need to change the address of order {order}", "Please cancel {order} if it has not left yet"],
};
const PAYMENT: Texts = Texts {
    hans: &["支付的时候一直提示失败,怎么办?", "可以用花呗分期吗?", "{order}好像扣了我两次钱"],
    hant: &["刷卡一直失敗,該怎麼辦?", "可以貨到付款嗎?", "{order}好像重複扣款了"],
    en: &["My card keeps being declined at checkout", "Was I charged twice for {order}?", "Do you take PayPal?"],
};
const INVOICE: Texts = Texts {
    hans: &["{order}可以开公司抬头的发票吗?", "电子发票在哪里下载?"],
    hant: &["{order}可以開三聯式發票嗎?", "發票要到哪裡下載?"],
    en: &["Can I have an invoice to my company for {order}?", "Where do I download the receipt?"],
};
const OFFER: Texts = Texts {
    hans: &["新人优惠券为什么用不了?", "满减活动到几号结束?"],
    hant: &["折價券為什麼不能用?", "滿額折扣到什麼時候?"],
    en: &["The coupon code does not work", "How long does the sale last?"],
};
const HUMAN: Texts = Texts {
    hans: &["转人工", "我要找真人客服"],
    hant: &["我要真人客服", "請轉接專員"],
    en: &["I want to talk to a person", "Human agent please"],
};
const IDEA: Texts = Texts {
    hans: &["建议{product}多出几个颜色", "希望页面可以按尺码筛选"],
    hant: &["建議{product}可以多一點顏色", "希望能增加收藏清單的功能"],
    en: &["It would be nice to have the {product} in more colours", "Please add a filter for sizes"],
};
const PRAISE: Texts = Texts {
    hans: &["{product}非常好用,客服态度也好,点赞!"],
    hant: &["{product}品質很好,客服也很親切,讚!"],
    en: &["Love the {product}, and your support was great!"],
};

/// What customers ask.
pub(super) const QUESTIONS: &[&Texts] =
    &[&SIZE, &SIZE, &STATUS, &STATUS, &STATUS, &CHANGE, &PAYMENT, &INVOICE, &OFFER, &HUMAN, &IDEA, &PRAISE];

const RETURN: Texts = Texts {
    hans: &["{order}的{product}不合适,我要退货", "收到的{product}和描述不符,申请退货,订单{order}"],
    hant: &["{order}的{product}不合適,我要退貨", "{product}穿不下,想退貨,訂單{order}"],
    en: &["I want to return the {product} from order {order}", "The {product} does not fit, please take it back"],
};
const EXCHANGE: Texts = Texts {
    hans: &["{product}买大了一号,{order}可以换小一码吗?", "{order}发错颜色了,我要换货"],
    hant: &["{product}買大了,{order}可以換小一號嗎?", "{order}寄錯顏色,我要換貨"],
    en: &["Please exchange the {product} of {order} for one size up", "You sent the wrong colour, I need another one"],
};
const REFUND: Texts = Texts {
    hans: &["{order}退货已签收,退款什么时候到账?", "买完就降价了,{order}退我差价"],
    hant: &["{order}已經退貨了,退款什麼時候入帳?", "剛買就降價,{order}可以退差價嗎?"],
    en: &["Where is my refund for order {order}?", "The price dropped the day after, refund the difference on {order}"],
};
const REPAIR: Texts = Texts {
    hans: &["{product}用了两个月开不了机,怎么报修?订单{order}", "{product}有异响,想送修"],
    hant: &["{product}用兩個月就無法開機,要怎麼送修?訂單{order}", "{product}有雜音,想維修"],
    en: &["The {product} from {order} no longer turns on, how do I get it repaired?", "My {product} needs a repair"],
};

/// What customers want done after a sale.
pub(super) const AFTER_SALES: &[&Texts] = &[&RETURN, &RETURN, &EXCHANGE, &REFUND, &REPAIR];

const BROKEN: Texts = Texts {
    hans: &["{product}收到就是坏的,质量太差了!订单{order}", "{product}有破洞,你们怎么质检的?"],
    hant: &["{product}收到就壞了,品質太差!訂單{order}", "{product}整個破掉,你們有檢查嗎?"],
    en: &["The {product} arrived broken, this is terrible. Order {order}", "The {product} fell apart after one day"],
};
const RUDE: Texts = Texts {
    hans: &["你们客服态度太差了,说话爱理不理", "等了一个小时没人回复,什么服务!"],
    hant: &["客服態度很差,講兩句就掛電話", "等了一個小時都沒人理,這是什麼服務!"],
    en: &["Your agent was rude and hung up on me", "Nobody has answered me for an hour, what kind of service is this?"],
};
const MISSING: Texts = Texts {
    hans: &["显示已签收但我根本没收到{order}", "{order}少发了一件{product},要说法"],
    hant: &["顯示已送達,但我根本沒收到{order}", "{order}少寄一件{product}"],
    en: &["Order {order} is marked delivered but never arrived", "A {product} is missing from parcel {order}"],
};
const FAKE: Texts = Texts {
    hans: &["{product}是假货吧?我要举报你们", "验证码查不到,{order}是假冒的"],
    hant: &["{product}是仿冒品吧?我要檢舉", "{order}序號查不到,是假的"],
    en: &["This {product} is a fake, I will report you", "The serial number of {order} does not exist, this is fraud"],
};
const HARM: Texts = Texts {
    hans: &["{product}充电时起火,烫伤了手!订单{order}", "用了{product}全身过敏,进了医院"],
    hant: &["{product}充電時冒煙起火,手被燙傷!訂單{order}", "用了{product}嚴重過敏送急診"],
    en: &[
        "The {product} caught fire and burned my hand! Order {order}",
        "The {product} put me in hospital with a rash",
    ],
};

/// What customers complain about.
pub(super) const COMPLAINTS: &[&Texts] =
    &[&BROKEN, &BROKEN, &BROKEN, &BROKEN, &RUDE, &RUDE, &RUDE, &MISSING, &MISSING, &MISSING, &FAKE, &HARM];

const ADVERT: Texts = Texts {
    hans: &["代开发票,低价优惠,加微信详聊", "兼职刷单日赚五百,点击链接"],
    hant: &["低利貸款,免保人,加賴詢問", "在家兼職日領三千,點我"],
    en: &["Cheap followers, visit our page now", "You have won a prize, click the link"],
};

/// What nobody asked for.
pub(super) const SPAM: &[&Texts] = &[&ADVERT];

pub(super) const NUDGE: Texts = Texts {
    hans: &["有人在吗?", "还要等多久?", "好的,那我再问一下运费谁出", "我把照片发给你了"],
    hant: &["有人在嗎?", "還要等多久?", "好,那運費由誰負擔?", "照片已經傳給你了"],
    en: &[
        "Is anybody there?",
        "How much longer will it take?",
        "OK, and who pays for shipping?",
        "I have sent you a photo",
    ],
};
pub(super) const FACTS: Texts = Texts {
    hans: &["订单号是{order}", "{order},商品是{product}"],
    hant: &["訂單編號{order}", "{order},商品是{product}"],
    en: &["The order number is {order}", "It is {order}, the {product}"],
};
pub(super) const THANKS: Texts = Texts {
    hans: &["谢谢", "好的谢谢", "非常感谢"],
    hant: &["謝謝", "好的,謝謝", "感謝你"],
    en: &["Thanks", "Thank you!", "Great, thank you"],
};
pub(super) const UNHAPPY: Texts =
    Texts {
        hans: &["问题还是没有解决"], hant: &["問題還是沒有解決"], en: &["This is still not solved"]
    };
pub(super) const REPLY: Texts = Texts {
    hans: &[
        "您好,已经为您查询,{order}正在处理中",
        "抱歉给您带来不便,我们马上核实{product}的情况",
        "您好,这边为您登记了",
    ],
    hant: &["您好,已為您查詢,{order}正在處理中", "造成不便很抱歉,我們馬上確認{product}的狀況", "您好,已幫您登記"],
    en: &[
        "Hello, I have checked {order} and it is being handled",
        "Sorry for the trouble, we are looking into the {product}",
    ],
};
pub(super) const ASK_FACTS: Texts = Texts {
    hans: &["请提供订单号和商品照片"],
    hant: &["請提供訂單編號與商品照片"],
    en: &["Could you send me the order number and a photo?"],
};
pub(super) const PROMISE: Texts = Texts {
    hans: &["我们会在这个时间之前给您答复"],
    hant: &["我們會在這個時間前回覆您"],
    en: &["You will hear from us by then"],
};
pub(super) const INTERNAL: Texts = Texts {
    hans: &["已核对库存和出库记录"],
    hant: &["已核對庫存與出貨紀錄"],
    en: &["Checked stock and dispatch records"],
};
